// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import dev.havn.addresses.AddressFamily;
import dev.havn.addresses.Ranges;
import dev.havn.node.kernel.Program;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What pods may send into a node's bridge: packets from their own addresses to the machine, and
/// questions for its link address. Else a pod could pass for its neighbour, take its packets, or
/// reach it where no policy looks.
///
/// A pod's port and its link address follow from the pod's address, so one table says it for all
/// pods that may come: `bridge havn-NODE`, older than any of them.
///
/// @param node what names of links begin with, and the table ends with
/// @param pods their addresses
/// @param links where the bridge is
record PodPorts(NodeId node, Ranges pods, LinkPlace links) {
  private static final Logger LOG = LoggerFactory.getLogger(PodPorts.class);
  private static final String PROGRAM = "nft";

  /// A link's name has at most 15 characters: the number of the address tells pods apart.
  String name(long number) {
    return "hv%s%02x".formatted(node, number);
  }

  /// The link address of whoever has the addresses with this number: the one of IPv4 is in it where
  /// there is one. A bridge has no other machines on it, so the number is enough else.
  String mac(long number) {
    String address =
        pods.of(AddressFamily.IPV4).map(each -> each.address(number)).orElse("0.0.0." + number);
    StringBuilder all = new StringBuilder("0a:58");
    for (String part : address.split("\\.")) {
      all.append(":%02x".formatted(Integer.parseInt(part)));
    }
    return all.toString();
  }

  /// What the kernel makes of a link address (RFC 4291, appendix A).
  static String linkLocal(String mac) {
    String[] parts = mac.split(":");
    return "fe80::8%s:%sff:fe%s:%s%s".formatted(parts[1], parts[2], parts[3], parts[4], parts[5]);
  }

  private String table() {
    return "bridge havn-" + node;
  }

  /// Takes the place of the table of an earlier start, at once.
  ///
  /// @param bridge its link address
  /// @param elder addresses of pods of an older Havn, whose link addresses are any
  /// @return whether the kernel has it
  boolean open(String bridge, Set<String> elder) throws IOException {
    if (!Program.missing(List.of(PROGRAM)).isEmpty()) {
      LOG.warn("nft is not on the path: nothing keeps pods from sending in each other's name");
      return false;
    }
    Program.Result result = nft(commands(bridge, elder));
    if (!result.ok()) {
      LOG.warn(
          "nothing keeps pods from sending in each other's name, the kernel refuses rules for bridges: {}",
          result.output());
    }
    return result.ok();
  }

  /// Whether a table that was made is not there any more: firewalls flush all tables now and then.
  boolean isGone() throws IOException {
    Program.Result result = links.run(List.of(PROGRAM, "list", "chains", "bridge"), "");
    boolean gone = result.ok() && !result.output().contains("table " + table() + " {");
    if (gone) {
      LOG.warn("somebody has deleted the table {}", table());
    }
    return gone;
  }

  void close() throws IOException {
    if (Program.missing(List.of(PROGRAM)).isEmpty()) {
      Program.Result result = nft(List.of("add table " + table(), "delete table " + table()));
      if (!result.ok()) {
        // Nor was there one.
        LOG.debug("no table {}: {}", table(), result.output());
      }
    }
  }

  private Program.Result nft(List<String> commands) throws IOException {
    return links.run(List.of(PROGRAM, "-f", "-"), String.join("\n", commands) + "\n");
  }

  private List<String> commands(String bridge, Set<String> elder) {
    List<String> all = new ArrayList<>();
    all.addAll(List.of("add table " + table(), "delete table " + table(), "add table " + table()));
    set(all, "owners", "ether_addr . ipv4_addr");
    set(all, "owners6", "ether_addr . ipv6_addr");
    set(all, "elder", "ipv4_addr");
    List<String> first = new ArrayList<>();
    List<String> other = new ArrayList<>();
    for (int i = PodNetwork.FIRST; i <= PodNetwork.LAST; i++) {
      int number = i;
      String port = "\"" + name(number) + "\" . " + mac(number) + " . ";
      pods.of(AddressFamily.IPV4).ifPresent(each -> first.add(port + each.address(number)));
      if (pods.has(AddressFamily.IPV6)) {
        pods.of(AddressFamily.IPV6).ifPresent(each -> other.add(port + each.address(number)));
        other.add(port + linkLocal(mac(number)));
      }
    }
    fill(all, "owners", first);
    fill(all, "owners6", other);
    fill(
        all,
        "elder",
        elder.stream()
            .map(each -> "\"" + name(pods.first().number(each)) + "\" . " + each)
            .toList());
    String chain = " " + table() + " ports ";
    all.add("add chain" + chain + "{ type filter hook prerouting priority -300; }");
    rules(bridge).forEach(rule -> all.add("add rule" + chain + rule));
    return all;
  }

  private void set(List<String> all, String name, String type) {
    all.add("add set " + table() + " " + name + " { type ifname . " + type + "; }");
  }

  private void fill(List<String> all, String name, List<String> elements) {
    if (!elements.isEmpty()) {
      all.add("add element " + table() + " " + name + " { " + String.join(", ", elements) + " }");
    }
  }

  /// Before the kernel's own look at bridged packets, which leads those for a Service to its pods'
  /// ports. Of IPv6 pods only ask: who has which address the machine knows without an answer.
  private List<String> rules(String bridge) {
    String machine = "ether daddr " + bridge + " ";
    String own = "iifname . ether saddr . ";
    return List.of(
        "iifname != \"hv" + node + "*\" accept",
        own + "arp saddr ip @owners accept",
        machine + own + "ip saddr @owners accept",
        "iifname . arp saddr ip @elder accept",
        machine + "iifname . ip saddr @elder accept",
        own + "ip6 saddr @owners6 icmpv6 type nd-neighbor-solicit accept",
        "icmpv6 type { nd-neighbor-advert, nd-router-advert, nd-redirect } drop",
        machine + own + "ip6 saddr @owners6 ip6 saddr != fe80::/10 ip6 daddr != fe80::/10 accept",
        "drop");
  }
}
