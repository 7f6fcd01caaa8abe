// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.cni;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.addresses.AddressFamily;
import dev.havn.addresses.AddressRange;
import dev.havn.addresses.Ranges;
import dev.havn.node.kernel.NetworkNamespace;
import dev.havn.node.kernel.Program;
import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The addresses of a node's network that somebody has, of links, too. A pod that asks for one of
/// them would get the packets of whoever has it, whatever plugins think: those that take what they
/// are given look at nothing, and none knows all links.
final class TakenAddresses {
  private static final String NODE = "the node";
  private static final String GATEWAY = "the gateway of network ";
  private static final String POD = "another pod of the node";

  /// What plugins and `ip` write, and what [NetworkSelection] lets pass.
  private static final String ADDRESS =
      "((\\d{1,3}\\.){3}\\d{1,3}|[0-9a-fA-F]*:[0-9a-fA-F]*:[0-9a-fA-F:.]*)(/\\d+)?";

  private final List<AddressRange> ranges;

  /// Who has them. No address of the one kind is written as one of the other.
  private final Map<String, String> owners = new HashMap<>();

  /// @param ranges of which pods have addresses; empty where that is not known
  private TakenAddresses(List<AddressRange> ranges) {
    this.ranges = List.copyOf(ranges);
  }

  /// @param list the network
  /// @param pods what is noted of others
  /// @param node the ranges of the node
  /// @param ofNode whether only these are of the network
  /// @param namespace in which the node's links are, null for the machine's
  static TakenAddresses of(
      NetworkList list,
      List<Attachment> pods,
      Ranges node,
      boolean ofNode,
      @Nullable NetworkNamespace namespace)
      throws IOException {
    List<AddressRange> ranges =
        new ArrayList<>(ofNode || list.takes("ipRanges") ? node.all() : List.of());
    ranges.addAll(ofNode ? List.of() : list.ranges());
    TakenAddresses taken = new TakenAddresses(ranges);
    taken.addOfLinks(namespace);
    node.addresses(CniNetwork.OWN).forEach(each -> taken.add(each, NODE));
    list.gateways().forEach(each -> taken.add(each, GATEWAY + list.name()));
    for (Attachment each : pods) {
      taken.add(each);
    }
    return taken;
  }

  private void add(Attachment pod) {
    // One that is being made has what it asks for.
    pod.capabilities().path("ips").forEach(each -> add(each.asText(), POD));
    add(pod.capabilities().path("mac").asText(), POD);
    @Nullable CniResult result = pod.result();
    if (result != null) {
      for (JsonNode each : result.json().path("ips")) {
        add(each.path("address").asText(), POD);
        add(each.path("gateway").asText(""), GATEWAY + pod.list().name());
      }
      for (JsonNode each : result.json().path("interfaces")) {
        boolean isPods = !each.path("sandbox").asText("").isEmpty();
        add(each.path("mac").asText(""), isPods ? POD : NODE);
      }
    }
  }

  /// Without `ip` there is no bridge of pods either.
  private void addOfLinks(@Nullable NetworkNamespace namespace) throws IOException {
    if (!Program.missing(List.of("ip")).isEmpty()) {
      return;
    }
    for (String what : List.of("link", "address")) {
      List<String> show = List.of("ip", "-brief", what, "show");
      String links = Program.must(namespace == null ? show : namespace.command(show));
      // A link, its state, and then addresses.
      links.lines().forEach(line -> List.of(line.split("\\s+")).forEach(each -> add(each, NODE)));
    }
  }

  /// Who is first has it. What is no address, as the name of a link, is passed over.
  private void add(String text, String owner) {
    if (text.matches(NetworkSelection.MAC)) {
      owners.putIfAbsent(text.toLowerCase(Locale.ROOT), owner);
    } else if (text.matches(ADDRESS)) {
      owners.putIfAbsent(bare(text), owner);
    }
  }

  /// Without the length of its network, in its usual form. What is written as one of IPv6 and
  /// stands for one of IPv4 is that one to plugins.
  private static String bare(String address) {
    String text = address.replaceFirst("/.*", "");
    String plain = text.contains(":") ? InetAddress.ofLiteral(text).getHostAddress() : text;
    return AddressFamily.of(plain).canonical(plain);
  }

  /// @throws CniException when a pod asks for what it cannot have
  void requireFree(NetworkSelection asked) throws CniException {
    for (String each : asked.ips()) {
      String address = bare(each);
      if (!ranges.isEmpty() && ranges.stream().noneMatch(range -> range.contains(address))) {
        throw NetworkSelection.invalid(
            "address %s is of no range of the network (%s)"
                .formatted(
                    address, String.join(", ", ranges.stream().map(String::valueOf).toList())));
      }
      requireFree("address", address);
    }
    if (!asked.mac().isEmpty()) {
      requireFree("mac", asked.mac().toLowerCase(Locale.ROOT));
    }
  }

  private void requireFree(String what, String address) throws CniException {
    @Nullable String owner = owners.get(address);
    if (owner != null) {
      throw NetworkSelection.invalid(
          "%s %s is that of %s, ask for a free one".formatted(what, address, owner));
    }
  }
}
