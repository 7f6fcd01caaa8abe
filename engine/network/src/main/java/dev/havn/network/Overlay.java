// SPDX-License-Identifier: Apache-2.0
package dev.havn.network;

import dev.havn.network.policy.Range;
import dev.havn.network.rules.Family;
import dev.havn.network.rules.Ipv4;
import io.fabric8.kubernetes.api.model.Node;
import java.io.IOException;
import java.io.UncheckedIOException;
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

  /// What wrapping adds to a packet: an Ethernet, an IP, a UDP and a VXLAN header.
  private static final int WRAPPING_BYTES = 50;

  private static final String RANGE = "([0-9]{1,3}\\.){3}0/24";
  private static final String SECOND_RANGE = "[0-9a-f:]+::/64";

  private final String link;
  private final Network.Underlay underlay;
  private final List<String> own;
  private final Range pods;
  private final @Nullable Range second;
  private final Commands commands;
  private @Nullable Map<String, String> brought;

  /// @param own names of this machine's nodes
  /// @param pods the range of all pods
  /// @param second that of their second addresses, null for none
  Overlay(
      String clusterId,
      Network.Underlay underlay,
      List<String> own,
      Range pods,
      @Nullable Range second,
      Commands commands) {
    this.link = link(clusterId);
    this.underlay = underlay;
    this.own = own;
    this.pods = pods;
    this.second = second;
    this.commands = commands;
  }

  /// Matches the pattern of the cluster's links; no node's number is written so.
  static String link(String clusterId) {
    return "hv" + clusterId + "-vx";
  }

  /// The ranges of pods on other machines, each with the address of its machine. Of two nodes that
  /// say they have the same range, the one that was there first has it; a node says itself where it
  /// is, so what is no address or not of the cluster is passed over.
  static Map<String, String> others(
      Collection<Node> nodes, List<String> own, Range pods, @Nullable Range second) {
    List<Node> inOrder = new ArrayList<>(nodes);
    inOrder.sort(
        Comparator.comparing((Node each) -> !own.contains(each.getMetadata().getName()))
            .thenComparing(
                each -> Objects.requireNonNullElse(each.getMetadata().getCreationTimestamp(), ""))
            .thenComparing(each -> each.getMetadata().getName()));
    Set<String> taken = new HashSet<>();
    Map<String, String> others = new TreeMap<>();
    for (Node each : inOrder) {
      String range = Objects.requireNonNullElse(each.getSpec().getPodCIDR(), "");
      Map<String, String> annotations =
          Objects.requireNonNullElse(each.getMetadata().getAnnotations(), Map.of());
      String host = annotations.getOrDefault(HOST, "");
      boolean theirs =
          range.matches(RANGE)
              && Ipv4.isAddress(gateway(range))
              && pods.contains(gateway(range))
              && taken.add(range);
      if (theirs
          && !own.contains(each.getMetadata().getName())
          && Ipv4.isTarget(host)
          && !pods.contains(host)) {
        others.put(range, host);
        secondRanges(each, second).stream()
            .filter(taken::add)
            .forEach(more -> others.put(more, host));
      }
    }
    return others;
  }

  private static List<String> secondRanges(Node node, @Nullable Range second) {
    List<String> ranges = new ArrayList<>();
    for (String each : node.getSpec().getPodCIDRs()) {
      if (second != null
          && each.matches(SECOND_RANGE)
          && Family.IPV6.isAddress(gateway(each))
          && second.contains(gateway(each))) {
        ranges.add(each);
      }
    }
    return ranges;
  }

  private static String gateway(String range) {
    return range.replaceFirst("/.*", "");
  }

  /// A machine's, computed from its address alone, so that nobody has to be asked.
  static String hardwareAddress(String host) {
    StringBuilder address = new StringBuilder("0a:58");
    for (String each : host.split("\\.")) {
      address.append(":%02x".formatted(Integer.parseInt(each)));
    }
    return address.toString();
  }

  /// Makes the link and its routes as the nodes are.
  void bring(Collection<Node> nodes) {
    Map<String, String> wanted = others(nodes, own, pods, second);
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
            .filter(each -> each.matches(RANGE))
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
                    underlay.mtu() - WRAPPING_BYTES,
                    underlay.id(),
                    PORT,
                    underlay.address()),
            // What this machine itself sends to pods elsewhere comes from an address of the range.
            "address add " + gateway(first) + "/32 dev " + link,
            "link set " + link + " up"));
    Files.writeString(Path.of("/proc/sys/net/ipv4/conf", link, "forwarding"), "1");
    openSecond();
  }

  private void openSecond() throws IOException {
    Path settings = Path.of("/proc/sys/net/ipv6/conf", link);
    if (second == null || !Files.isDirectory(settings)) {
      return;
    }
    Files.writeString(settings.resolve("accept_ra"), "0");
    if (Files.exists(settings.resolve("force_forwarding"))) {
      Files.writeString(settings.resolve("force_forwarding"), "1");
    }
  }

  /// Also what another life of this process has left.
  private void removeAllBut(Map<String, String> wanted) throws IOException {
    List<String> gone = new ArrayList<>();
    for (String family : second == null ? List.of("-4") : List.of("-4", "-6")) {
      Commands.Output routes =
          commands.run(List.of("ip", family, "route", "show", "dev", link), "");
      for (String line : routes.output().lines().toList()) {
        String range = line.strip().split(" ")[0];
        boolean isRange = range.matches(RANGE) || range.matches(SECOND_RANGE);
        // Addresses of the link itself, such as fe80::/64, have a route of the kernel's.
        if (isRange && line.contains(" via ") && !wanted.containsKey(range)) {
          gone.add("route del " + range + " dev " + link);
        }
      }
    }
    batch(List.of("ip", "-batch", "-"), gone);
  }

  private void lead(Map<String, String> wanted) throws IOException {
    List<String> ways = new ArrayList<>();
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
