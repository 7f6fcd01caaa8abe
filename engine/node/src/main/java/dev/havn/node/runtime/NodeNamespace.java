// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import dev.havn.addresses.AddressFamily;
import dev.havn.addresses.AddressRange;
import dev.havn.addresses.Ranges;
import dev.havn.node.kernel.Links;
import dev.havn.node.kernel.NetworkNamespace;
import dev.havn.node.kernel.Program;
import dev.havn.reconcile.Closing;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// The network namespace of a node, in which its pods' bridge is, with routes and rules of the
/// node's own. A pair of links joins it with the machine, which leads packets from node to node: at
/// the machine's end it is called as the bridge is in here.
///
/// Whatever is asked for is brought about where it is not so: the next process finds what one that
/// was killed has left, and connections live on.
public final class NodeNamespace {
  /// The numbers that the ends' link addresses are made of; no pod has them.
  private static final int OUTER = 254;

  private static final int INNER = 255;

  private final NodeId id;
  private final Ranges ranges;
  private final int mtu;
  private final NetworkNamespace namespace;
  private final LinkPlace inside;

  /// @param ranges of the pods' addresses
  /// @param mtu the largest packet on its links, in bytes
  NodeNamespace(NodeId id, Ranges ranges, int mtu) {
    this.id = id;
    this.ranges = ranges;
    this.mtu = mtu;
    this.namespace = of(id);
    this.inside = new LinkPlace(namespace);
  }

  /// The one that a node has when it has one of its own.
  public static NetworkNamespace of(NodeId id) {
    return NetworkNamespace.named("hv" + id);
  }

  LinkPlace inside() {
    return inside;
  }

  /// The machine's end of the pair.
  private String outer() {
    return "hv" + id;
  }

  private String bridge() {
    return "hv" + id;
  }

  private String inner() {
    return inner(id);
  }

  /// The link in there that leads to the machine: matches the pattern of the cluster's links; no
  /// node's number is written so.
  public static String inner(NodeId id) {
    return "hv" + id.cluster() + "-up";
  }

  /// @param unreachable ranges of the cluster: what is not there ends here
  /// @param hasPods whether the bridge has the node's pods; else others have links of their own for
  ///   them
  void open(@Nullable Uplink uplink, List<AddressRange> unreachable, boolean hasPods)
      throws IOException {
    if (uplink == null) {
      throw new IOException("network namespace " + namespace.name() + " is not to be there");
    }
    List<String> made = new ArrayList<>();
    if (!namespace.exists()) {
      // Of another life of the machine, or of one that somebody took off its file.
      Files.deleteIfExists(namespace.file());
      LinkPlace.MACHINE.delete(outer());
      made.add("netns add " + namespace.name());
    }
    if (!Links.names().contains(outer())) {
      made.add(
          "link add %s address %s type veth peer name %s address %s netns %s"
              .formatted(outer(), mac(OUTER), inner(), mac(INNER), namespace.name()));
    }
    if (!made.isEmpty()) {
      LinkPlace.MACHINE.batch(made);
    }
    openInside(uplink, unreachable, hasPods);
    LinkSettings.bridge(outer(), speaks6());
    LinkPlace.MACHINE.batch(outside(uplink));
  }

  private boolean speaks6() {
    return ranges.has(AddressFamily.IPV6);
  }

  private String mac(int number) {
    return new PodPorts(id, ranges, inside).mac(number);
  }

  private String mtu() {
    return " mtu " + mtu;
  }

  private static String own(AddressRange range) {
    return range.address(PodNetwork.OWN);
  }

  private List<String> outside(Uplink uplink) {
    List<String> lines = new ArrayList<>(List.of("link set " + outer() + mtu() + " up"));
    for (AddressRange each : ranges.all()) {
      lines.add(neighbour(own(each), mac(INNER), outer()));
      String source = uplink.gateway(each.family());
      lines.add(way(each.toString(), own(each), outer(), source));
    }
    return lines;
  }

  private static String neighbour(String address, String mac, String link) {
    return "neigh replace %s lladdr %s dev %s nud permanent".formatted(address, mac, link);
  }

  private static String way(String range, String gateway, String link, String source) {
    return "route replace %s via %s dev %s onlink src %s".formatted(range, gateway, link, source);
  }

  private void openInside(Uplink uplink, List<AddressRange> unreachable, boolean hasPods)
      throws IOException {
    List<String> lines = new ArrayList<>();
    // Of IPv6, a link that is not up gets no routes with its addresses.
    lines.add("link set lo up");
    for (String link : List.of(bridge(), inner())) {
      lines.add("link set " + link + mtu() + " up");
    }
    for (AddressRange each : ranges.all()) {
      lines.add(
          "address replace %s/%d dev %s%s"
              .formatted(
                  own(each), PodNetwork.bits(each, hasPods), bridge(), PodNetwork.unasked(each)));
      if (!hasPods) {
        // The way to all of them is the bridge's else.
        lines.add("route replace unreachable " + each + " metric " + id.metric());
      }
      String gateway = uplink.gateway(each.family());
      lines.add(neighbour(gateway, mac(OUTER), inner()));
      String all = each.family() == AddressFamily.IPV4 ? "0.0.0.0/0" : "::/0";
      lines.add(way(all, gateway, inner(), own(each)));
    }
    for (AddressRange range : uplink.beyond()) {
      AddressRange pods = ranges.of(range.family()).orElseThrow();
      lines.add(way(range.toString(), uplink.gateway(range.family()), inner(), own(pods)));
    }
    for (AddressRange range : unreachable) {
      lines.add("route replace unreachable " + range + " metric " + id.metric());
    }
    Program.Result result =
        inside.run(List.of("sh", "-c", script(hasPods)), String.join("\n", lines) + "\n");
    if (!result.ok()) {
      throw new IOException("network namespace " + namespace.name() + ": " + result.output());
    }
  }

  /// The namespace is the node's own, so what holds for all its links is said once, before there
  /// are any. Every packet has one way only, so none is looked at whether it came by the right one.
  private String script(boolean hasPods) {
    String speaks = speaks6() ? "0" : "1";
    String others = hasPods ? "1" : speaks;
    List<String> steps =
        List.of(
            "set -e; cd /proc/sys/net",
            "echo 1 > ipv4/ip_forward",
            "for i in all default; do echo 0 > ipv4/conf/$i/rp_filter; done",
            "if [ -d ipv6/conf ]; then echo %s > ipv6/conf/default/disable_ipv6; fi"
                .formatted(others),
            "if [ -d ipv4/conf/%1$s ]; then %3$s; else ip link add name %1$s address %2$s type bridge; fi"
                .formatted(bridge(), mac(PodNetwork.OWN), withoutFormer(hasPods)),
            "if [ -d ipv6/conf ]; then for i in default %s %s; do for name in accept_ra autoconf accept_redirects; do echo 0 > ipv6/conf/$i/$name; done; done"
                .formatted(bridge(), inner()),
            "for i in lo %s %s; do echo %s > ipv6/conf/$i/disable_ipv6; done"
                .formatted(bridge(), inner(), speaks),
            (speaks6() ? "echo 1 > ipv6/conf/all/forwarding; " : "") + "fi",
            "ip -batch -",
            "echo 1 > ipv4/conf/%s/route_localnet".formatted(bridge()));
    return String.join("; ", steps);
  }

  /// Of a start that had its pods elsewhere. Of IPv6, a link has an address once, whatever range it
  /// is of.
  private String withoutFormer(boolean hasPods) {
    String former =
        ranges.all().stream()
            .map(each -> own(each) + "/" + PodNetwork.bits(each, !hasPods))
            .collect(Collectors.joining(" "));
    return "for i in %s; do ip address del $i dev %s 2>/dev/null || :; done"
        .formatted(former, bridge());
  }

  /// With all that is in it.
  void remove() {
    Closing closing = new Closing();
    closing.step(() -> LinkPlace.MACHINE.delete(outer()));
    closing.step(namespace::delete);
    closing.finish();
  }
}
