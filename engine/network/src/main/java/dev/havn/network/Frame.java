// SPDX-License-Identifier: Apache-2.0
package dev.havn.network;

import dev.havn.addresses.AddressRange;
import dev.havn.network.rules.Family;
import dev.havn.network.service.SharedChains;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.stream.Collectors;

/// What stands in the cluster's table of one family of addresses whatever its objects are: where
/// packets are looked at, and in which order.
///
/// | Hook | What happens |
/// |---|---|
/// | raw | nothing from a pod reaches the machine's loopback, nor is led there later |
/// | before translation | load balancers let in only the sources they name |
/// | translation | Services, then host ports, lead to their pods |
/// | filter | nothing from a pod reaches the tunnel between machines, at this one or others; what no Service led anywhere is refused; nothing is routed beyond the machine unless the machine does so anyway |
/// | behind filter | network policies: for who sends, then for who receives; the machine's own packets are free |
/// | behind routing | no packet for a pod or Service leaves by a link that is not the cluster's |
///
/// Where plugins make the links of pods, what leaves a pod is known by its address alone, and
/// beyond the machine it goes as they lead it. From node to node a packet keeps its sender whatever
/// they say, since policies there look at it; beyond the machine nobody knows the nodes in other
/// namespaces, so what has their names goes on in the machine's.
///
/// Where nodes have network namespaces of their own there is such a table in each, and each knows
/// the policies of all pods: a packet is looked at where it enters, before it gets another sender.
///
/// What comes out of the tunnel between machines is believed to be of whichever pod it names, so
/// only machines may put anything in. Where plugins make the links of pods nothing tells these from
/// other links, so packets of the cluster's own tunnel are believed that come from a machine of the
/// cluster, by a link that leads there.
///
/// Machines find each other on a link by messages of IPv6 itself, which are no connections and none
/// of policies' business.
///
/// @param clusterId by which the table and the bridges of pods are found
/// @param pods the range of pods' addresses
/// @param local ranges of Services and load balancers
/// @param routes whether the machine routes packets for others by itself
/// @param plugged whether plugins make the links of pods
/// @param names the address of the cluster's DNS, empty for none
/// @param joint with the namespaces of other nodes of the machine
/// @param tunnel what marks the cluster's packets between machines (RFC 7348)
record Frame(
    Family family,
    String clusterId,
    AddressRange pods,
    List<AddressRange> local,
    boolean routes,
    boolean plugged,
    String names,
    Joint joint,
    int tunnel) {

  /// The set of the addresses by which machines of the cluster reach each other.
  static final String MACHINES = "machines";

  private static final String BEFORE_PLUGINS = "srcnat - 10";

  /// What there is in this network namespace, beside those of other nodes of the machine.
  ///
  /// @param links that lead to other namespaces
  /// @param addresses of the nodes in this one
  /// @param others addresses of the nodes in others, and of the machine
  record Joint(List<String> links, List<String> addresses, List<String> others) {
    static final Joint NONE = new Joint(List.of(), List.of(), List.of());

    boolean isNone() {
      return links.isEmpty();
    }
  }

  String table() {
    return family.word() + " havn-" + clusterId;
  }

  /// A pattern that all bridges of pods match.
  String links() {
    return "hv" + clusterId + "*";
  }

  /// Whether the cluster itself gives an address to Services, load balancers or pods. Those of
  /// nodes are of the pods' range, too, and may be named as external ones.
  ///
  /// @param ofNodes those of nodes
  boolean isAllotted(String address, Collection<String> ofNodes) {
    return local.stream().anyMatch(each -> each.contains(address))
        || (pods.contains(address) && !ofNodes.contains(family.canonical(address)));
  }

  List<String> commands() {
    List<String> all = new ArrayList<>();
    maps(all);
    all.addAll(SharedChains.commands(family));
    all.add("chain refuse");
    // A kernel sends one client only so many ICMP messages; resets are not counted.
    all.add("rule refuse meta l4proto tcp reject with tcp reset");
    all.add("rule refuse reject with " + family.messages() + " type port-unreachable");
    all.add("chain raw-in { type filter hook prerouting priority raw; }");
    // A plugin that leads host ports lets packets of its link to the loopback (`route_localnet`).
    String strange = plugged ? "iifname != lo" : "iifname " + quoted();
    all.add("rule raw-in " + strange + " " + target() + " " + loopback() + " drop");
    for (String way : List.of("prerouting", "output")) {
      all.add("chain admit-" + way + " { type filter hook " + way + " priority -110; }");
      all.add("rule admit-" + way + " " + target() + " . meta l4proto . th dport vmap @firewall");
      all.add("chain translate-" + way + " { type nat hook " + way + " priority -100; }");
    }
    all.add("chain translate");
    all.add("rule translate " + target() + " . meta l4proto . th dport vmap @services");
    String led = " fib daddr type local meta l4proto { tcp, udp, sctp } dnat " + word() + " to ";
    all.add("rule translate" + led + target() + " . meta l4proto . th dport map @host-ports");
    // Nothing of IPv6 leaves with the loopback's address, as `route_localnet` lets it with IPv4.
    String outside = family == Family.IPV4 ? "" : " " + target() + " != " + loopback();
    all.add("rule translate" + outside + led + "meta l4proto . th dport map @machine-ports");
    all.add("rule translate-prerouting jump translate");
    all.add("rule translate-output jump translate");
    source(all);
    filter(all);
    policies(all);
    border(all);
    return all;
  }

  private String quoted() {
    return "\"" + links() + "\"";
  }

  private String word() {
    return family.word();
  }

  private String target() {
    return word() + " daddr";
  }

  private String sender() {
    return word() + " saddr";
  }

  private String loopback() {
    return family == Family.IPV4 ? "127.0.0.0/8" : "::1";
  }

  private void maps(List<String> all) {
    String type = family.type();
    String key = "{ type " + type + " . inet_proto . inet_service : ";
    for (String name : List.of("services", "firewall", "no-endpoints")) {
      all.add("map " + name + " " + key + "verdict; }");
    }
    // How large the number may be that is drawn is not looked at.
    String drawn = target() + " . meta l4proto . th dport . numgen random mod 65536";
    all.add("map endpoints { typeof " + drawn + " : " + target() + " . th dport; }");
    all.add("map host-ports " + key + type + " . inet_service; }");
    all.add("map machine-ports { type inet_proto . inet_service : " + type + " . inet_service; }");
    all.add("set hairpins { type " + type + " . " + type + "; }");
    if (plugged) {
      all.add("set " + MACHINES + " { type " + type + "; }");
    }
  }

  private void source(List<String> all) {
    // Plugins have rules of their own about who a packet's sender is, at the usual place.
    all.add(
        "chain source { type nat hook postrouting priority "
            + (plugged ? BEFORE_PLUGINS : "srcnat")
            + "; }");
    // Whoever comes from beyond the cluster to a pod elsewhere must get the answer from here.
    all.add(
        "rule source oifname \""
            + Overlay.link(clusterId)
            + "\" "
            + sender()
            + " != "
            + pods
            + " masquerade");
    if (!joint.isNone()) {
      // The answer of a pod elsewhere to who came to a port of this node must pass here.
      String came =
          " ct original " + target() + " { " + String.join(", ", joint.addresses()) + " }";
      all.add("rule source " + away() + came + (" snat to " + joint.addresses().getFirst()));
    }
    all.add("rule source " + sender() + " . " + target() + " @hairpins masquerade");
    all.add("rule source oifname " + quoted() + " " + sender() + " " + loopback() + " masquerade");
    if (leadsPlugged()) {
      all.add(
          "rule source %4$s %1$s %3$s %2$s %3$s snat to %1$s"
              .formatted(sender(), target(), pods, away()));
      all.add(
          "rule source %s { %s } %s != %s masquerade"
              .formatted(sender(), String.join(", ", joint.others()), target(), pods));
    }
    if (routes && !plugged) {
      all.add("rule source oifname != " + quoted() + " " + sender() + " " + pods + " masquerade");
    }
  }

  /// What goes to other namespaces.
  private String away() {
    return "oifname " + joints();
  }

  private String joints() {
    return "{ \"" + String.join("\", \"", joint.links()) + "\" }";
  }

  /// Whether plugins make the links of pods in several namespaces.
  private boolean leadsPlugged() {
    return plugged && !joint.isNone();
  }

  /// Behind translation, since Services and host ports lead to that port, too, and before what
  /// stands is let through.
  private void tunnel(List<String> all, String chain) {
    String port = " udp dport " + Overlay.PORT;
    // Pods among themselves may use that port.
    List<AddressRange> inside = new ArrayList<>(List.of(pods));
    inside.addAll(local);
    String beyond = chain.equals("passing") ? " " + target() + " != { " + text(inside) + " }" : "";
    all.add("rule " + chain + " iifname " + quoted() + port + beyond + " drop");
    if (plugged) {
      // The mark of the cluster follows the UDP header and 32 bits of flags.
      String own = "rule " + chain + port + " @th,96,24 " + tunnel + " ";
      all.add(own + sender() + " != @" + MACHINES + " drop");
      all.add(own + "fib saddr . iif oif missing drop");
    }
  }

  private void filter(List<String> all) {
    all.add("chain unled");
    all.add("rule unled " + target() + " . meta l4proto . th dport vmap @no-endpoints");
    all.add("rule unled " + target() + " { " + text(local) + " } goto refuse");
    all.add("chain passing { type filter hook forward priority filter; }");
    tunnel(all, "passing");
    if (!joint.isNone() && !names.isEmpty()) {
      all.add("rule passing " + nobodyAnswers());
    }
    all.add("rule passing ct state established,related accept");
    if (!routes && !leadsPlugged()) {
      all.add(
          "rule passing iifname "
              + quoted()
              + " oifname != "
              + quoted()
              + " reject with "
              + family.messages()
              + " type admin-prohibited");
    }
    all.add("rule passing jump unled");
    all.add("chain leaving { type filter hook output priority filter; }");
    String redirect = family == Family.IPV4 ? " icmp type redirect" : " icmpv6 type nd-redirect";
    all.add("rule leaving oifname " + quoted() + redirect + " drop");
    if (!names.isEmpty()) {
      all.add("rule leaving " + nobodyAnswers());
    }
    all.add("rule leaving ct state established,related accept");
    all.add("rule leaving oifname lo accept");
    all.add("rule leaving jump unled");
    all.add("chain arriving { type filter hook input priority filter; }");
    tunnel(all, "arriving");
    all.add("rule arriving ct state established,related accept");
    // What raw lets pass may have been led there since.
    all.add("rule arriving iifname " + quoted() + " " + target() + " " + loopback() + " drop");
    all.add("rule arriving " + target() + " . meta l4proto . th dport vmap @no-endpoints");
  }

  /// While no Havn runs, who asks for a name must wait and ask again, not give up.
  private String nobodyAnswers() {
    return family.messages()
        + (" type destination-unreachable ct original " + target() + " " + names + " drop");
  }

  private void policies(List<String> all) {
    for (String name : List.of("policed-sources", "policed-targets")) {
      all.add("map " + name + " { type " + family.type() + " : verdict; }");
    }
    all.add("chain police-sources { type filter hook forward priority 10; }");
    if (plugged) {
      neighbours(all, "police-sources");
    }
    all.add("rule police-sources ct state established,related accept");
    all.add("rule police-sources " + sender() + " vmap @policed-sources");
    all.add("chain police-targets { type filter hook forward priority 20; }");
    if (plugged) {
      neighbours(all, "police-targets");
    }
    all.add("rule police-targets ct state established,related accept");
    if (!joint.isNone()) {
      // Sent by nodes themselves, or looked at there; on its own link a pod may have any name.
      String others = " { " + String.join(", ", joint.others()) + " } accept";
      all.add("rule police-targets iifname " + joints() + " " + sender() + others);
    }
    all.add("rule police-targets " + target() + " vmap @policed-targets");
    all.add("chain police-machine { type filter hook input priority 10; }");
    all.add("rule police-machine ct state established,related accept");
    neighbours(all, "police-machine");
    String link = plugged ? "" : "iifname " + quoted() + " ";
    all.add("rule police-machine " + link + sender() + " vmap @policed-sources");
  }

  /// How machines find each other on a link. A bridge whose packets are looked at forwards that,
  /// too; a router never does (RFC 4861, section 7.1).
  private void neighbours(List<String> all, String chain) {
    if (family == Family.IPV6) {
      String types = " icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept";
      all.add("rule " + chain + types);
    }
  }

  private void border(List<String> all) {
    all.add("chain border { type filter hook postrouting priority filter; }");
    all.add("rule border oifname " + quoted() + " accept");
    all.add("rule border oifname lo accept");
    List<AddressRange> kept = new ArrayList<>(plugged ? List.of() : List.of(pods));
    kept.addAll(local);
    all.add("rule border " + target() + " { " + text(kept) + " } drop");
  }

  private static String text(List<AddressRange> ranges) {
    return ranges.stream().map(AddressRange::toString).collect(Collectors.joining(", "));
  }
}
