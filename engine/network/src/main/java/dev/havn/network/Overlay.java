// SPDX-License-Identifier: Apache-2.0
package dev.havn.network;

import dev.havn.addresses.AddressFamily;
import dev.havn.addresses.AddressRange;
import dev.havn.addresses.Ranges;
import dev.havn.network.rules.Family;
import dev.havn.network.rules.Rules;
import io.fabric8.kubernetes.api.model.Node;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/// The way to pods on other machines: a link that wraps packets into others (VXLAN, RFC 7348), and
/// a route by it for the pods of each node there. Nothing is learned from packets: which machine
/// has which pods is told by the Node objects. There is no link while there are no other machines.
///
/// Threads: one at a time.
final class Overlay {
  /// At which a node says that its machine is reached by others.
  private static final String HOST = "havn.dev/host";

  static final int PORT = 4_789;

  private static final String RANGE = "([0-9]{1,3}\\.){3}0/24";
  private static final String SECOND_RANGE = "[0-9a-f:]+::/64";

  private final String link;
  private final Network.Underlay underlay;
  private final List<String> own;
  private final Ranges pods;
  private final Commands commands;
  private @Nullable Map<String, String> brought;

  /// @param own names of this machine's nodes
  /// @param pods the ranges of all pods
  Overlay(
      String clusterId,
      Network.Underlay underlay,
      List<String> own,
      Ranges pods,
      Commands commands) {
    this.link = link(clusterId);
    this.underlay = underlay;
    this.own = own;
    this.pods = pods;
    this.commands = commands;
  }

  /// Matches the pattern of the cluster's links; no node's number is written so.
  static String link(String clusterId) {
    return "hv" + clusterId + "-vx";
  }

  /// The ranges of pods on other machines, each with the address of its machine. Of two nodes that
  /// say they have the same range, the one that was there first has it; a node says itself where it
  /// is, so what is no address or not of the cluster is passed over.
  ///
  /// @param between of the addresses by which machines reach each other
  static Map<String, String> others(
      Collection<Node> nodes, List<String> own, Ranges pods, Family between) {
    List<Node> inOrder = new ArrayList<>(nodes);
    inOrder.sort(
        Comparator.comparing((Node each) -> !own.contains(each.getMetadata().getName()))
            .thenComparing(
                each -> Objects.requireNonNullElse(each.getMetadata().getCreationTimestamp(), ""))
            .thenComparing(each -> each.getMetadata().getName()));
    Set<String> taken = new HashSet<>();
    Map<String, String> others = new TreeMap<>();
    for (Node each : inOrder) {
      List<String> ranges = ranges(each, pods);
      String host = host(each);
      boolean theirs = !ranges.isEmpty() && taken.add(ranges.getFirst());
      if (theirs
          && !own.contains(each.getMetadata().getName())
          && between.isTarget(host)
          && !pods.contains(host)) {
        others.put(ranges.getFirst(), host);
        ranges.stream().skip(1).filter(taken::add).forEach(more -> others.put(more, host));
      }
    }
    return others;
  }

  /// The machines of the cluster, of those that are reached by addresses of a family.
  static Rules machines(Family family, Collection<Node> nodes) {
    Rules.Builder machines = new Rules.Builder();
    for (Node each : nodes) {
      String host = host(each);
      if (family.isTarget(host)) {
        machines.element(Frame.MACHINES, family.canonical(host), "");
      }
    }
    return machines.build();
  }

  /// Where a node says that others reach its machine, empty for nowhere.
  private static String host(Node node) {
    return Objects.requireNonNullElse(node.getMetadata().getAnnotations(), Map.<String, String>of())
        .getOrDefault(HOST, "");
  }

  /// The ranges of a node's pods, none when the first is none of the cluster's own family.
  private static List<String> ranges(Node node, Ranges pods) {
    List<String> ranges = new ArrayList<>();
    String first = Objects.requireNonNullElse(node.getSpec().getPodCIDR(), "");
    if (isOf(pods.first(), first)) {
      ranges.add(first);
      for (String each : node.getSpec().getPodCIDRs()) {
        if (!each.equals(first) && pods.all().stream().anyMatch(all -> isOf(all, each))) {
          ranges.add(each);
        }
      }
    }
    return ranges;
  }

  private static boolean isOf(AddressRange all, String range) {
    Family family = Family.of(range);
    return Family.of(all.family()) == family
        && isRange(range)
        && family.isAddress(gateway(range))
        && all.contains(gateway(range));
  }

  private static boolean isRange(String text) {
    return text.matches(RANGE) || text.matches(SECOND_RANGE);
  }

  private static String gateway(String range) {
    return range.replaceFirst("/.*", "");
  }

  /// A machine's, computed from its address alone, so that nobody has to be asked: with the address
  /// of IPv4 in it, or a sum of one of IPv6.
  static String hardwareAddress(String host) {
    byte[] bytes = InetAddress.ofLiteral(host).getAddress();
    int number = ByteBuffer.wrap(bytes).getInt();
    if (bytes.length > Integer.BYTES) {
      CRC32 sum = new CRC32();
      sum.update(bytes);
      number = (int) sum.getValue();
    }
    StringBuilder address = new StringBuilder("0a:58");
    for (int shift = Integer.SIZE - Byte.SIZE; shift >= 0; shift -= Byte.SIZE) {
      address.append(":%02x".formatted(number >> shift & 0xff));
    }
    return address.toString();
  }

  private Family between() {
    return Family.of(underlay.address());
  }

  /// Makes the link and its routes as the nodes are.
  void bring(Collection<Node> nodes) {
    Map<String, String> wanted = others(nodes, own, pods, between());
    boolean exists = exists(link);
    boolean nothing = wanted.isEmpty() && !exists;
    if (nothing || (wanted.equals(brought) && exists)) {
      brought = wanted;
      return;
    }
    try {
      if (!exists) {
        make(nodes);
      }
      removeAllBut(wanted);
      lead(wanted);
      brought = wanted;
    } catch (IOException e) {
      throw new UncheckedIOException("the way to pods on other machines", e);
    }
  }

  private static boolean exists(String link) {
    return Files.exists(Path.of("/proc/sys/net/ipv4/conf", link));
  }

  private void make(Collection<Node> nodes) throws IOException {
    String first =
        nodes.stream()
            .filter(each -> own.contains(each.getMetadata().getName()))
            .map(each -> Objects.requireNonNullElse(each.getSpec().getPodCIDR(), ""))
            .filter(Overlay::isRange)
            .sorted()
            .findFirst()
            .orElseThrow(() -> new IOException("this machine's nodes have no range yet"));
    batch(
        List.of("ip", "-batch", "-"),
        List.of(
            "link add %s address %s mtu %d type vxlan id %d dstport %d local %s nolearning"
                .formatted(
                    link,
                    hardwareAddress(underlay.address()),
                    underlay.mtu(),
                    underlay.id(),
                    PORT,
                    underlay.address()),
            // What this machine itself sends to pods elsewhere comes from an address of the range.
            "address add " + source(first) + " dev " + link,
            "link set " + link + " up"));
    Files.writeString(Path.of("/proc/sys/net/ipv4/conf", link, "forwarding"), "1");
    openSecond();
  }

  /// The first address of a node's pods, which nobody has; of IPv6 that is all routers', and the
  /// last one serves.
  private static String source(String range) {
    return Family.of(range) == Family.IPV4
        ? gateway(range) + "/32"
        : gateway(range) + "ffff/128 nodad";
  }

  private void openSecond() throws IOException {
    Path settings = Path.of("/proc/sys/net/ipv6/conf", link);
    if (!pods.has(AddressFamily.IPV6) || !Files.isDirectory(settings)) {
      return;
    }
    Files.writeString(settings.resolve("disable_ipv6"), "0");
    Files.writeString(settings.resolve("accept_ra"), "0");
    if (Files.exists(settings.resolve("force_forwarding"))) {
      Files.writeString(settings.resolve("force_forwarding"), "1");
    }
  }

  /// Also what another life of this process has left.
  private void removeAllBut(Map<String, String> wanted) throws IOException {
    List<String> gone = new ArrayList<>();
    for (String family : pods.has(AddressFamily.IPV6) ? List.of("-4", "-6") : List.of("-4")) {
      Commands.Output routes =
          commands.run(List.of("ip", family, "route", "show", "dev", link), "");
      for (String line : routes.output().lines().toList()) {
        String range = line.strip().split(" ")[0];
        // Addresses of the link itself, such as fe80::/64, have a route of the kernel's.
        if (isRange(range) && line.contains(" via ") && !wanted.containsKey(range)) {
          gone.add("route del " + range + " dev " + link);
        }
      }
    }
    batch(List.of("ip", "-batch", "-"), gone);
  }

  private void lead(Map<String, String> wanted) throws IOException {
    // One that an earlier start has made may be for other packets.
    List<String> ways = new ArrayList<>(List.of("link set " + link + " mtu " + underlay.mtu()));
    List<String> machines = new ArrayList<>();
    wanted.forEach(
        (range, host) -> {
          String gateway = gateway(range);
          String hardware = hardwareAddress(host);
          machines.add("fdb replace " + hardware + " dev " + link + " dst " + host);
          ways.add(
              "neighbor replace "
                  + gateway
                  + " lladdr "
                  + hardware
                  + " dev "
                  + link
                  + " nud permanent");
          ways.add("route replace " + range + " via " + gateway + " dev " + link + " onlink");
        });
    batch(List.of("bridge", "-batch", "-"), machines);
    batch(List.of("ip", "-batch", "-"), ways);
  }

  private void batch(List<String> program, List<String> lines) throws IOException {
    if (lines.isEmpty()) {
      return;
    }
    Commands.Output output = commands.run(program, String.join("\n", lines) + "\n");
    if (!output.ok()) {
      throw new IOException(String.join("; ", lines) + ": " + output.output());
    }
  }

  /// Removes the link, and its routes with it.
  ///
  /// @return whether there was one
  static boolean remove(String clusterId, Commands commands) throws IOException {
    String link = link(clusterId);
    if (!exists(link)) {
      return false;
    }
    Commands.Output output = commands.run(List.of("ip", "link", "delete", link), "");
    if (!output.ok()) {
      throw new IOException("link " + link + ": " + output.output());
    }
    return true;
  }
}
