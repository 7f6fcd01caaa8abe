// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.authorization;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.admission.Admission.Operation;
import dev.havn.apiserver.admission.Admission.Write;
import dev.havn.apiserver.resource.ApiException;
import dev.havn.apiserver.resource.Objects;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Which addresses a node may say that it and its pods have. Policies, endpoints and host ports go
/// by what pods' statuses say: a node that claims an address of another would take away its
/// isolation, or be taken for it.
final class NodeAddresses {
  private final Objects objects;
  private final PluggedNodes plugged;

  /// Addresses with a common beginning.
  private record Range(byte[] network, int bits) {
    /// Null when the text is none.
    static @Nullable Range of(String text) {
      int slash = text.indexOf('/');
      byte @Nullable [] network = bytes(slash < 0 ? text : text.substring(0, slash));
      if (network == null) {
        return null;
      }
      String bits = slash < 0 ? "" : text.substring(slash + 1);
      int all = network.length * Byte.SIZE;
      if (slash >= 0 && !bits.matches("[0-9]{1,3}")) {
        return null;
      }
      return new Range(network, slash < 0 ? all : Math.min(all, Integer.parseInt(bits)));
    }

    private static byte @Nullable [] bytes(String address) {
      try {
        return InetAddress.ofLiteral(address).getAddress();
      } catch (IllegalArgumentException none) {
        return null;
      }
    }

    boolean holds(Range other) {
      return other.bits >= bits && meets(other);
    }

    boolean meets(Range other) {
      if (other.network.length != network.length) {
        return false;
      }
      for (int i = 0; i < Math.min(bits, other.bits); i++) {
        int mask = 0x80 >> i % Byte.SIZE;
        if ((network[i / Byte.SIZE] & mask) != (other.network[i / Byte.SIZE] & mask)) {
          return false;
        }
      }
      return true;
    }
  }

  NodeAddresses(Objects objects, PluggedNodes plugged) {
    this.objects = objects;
    this.plugged = plugged;
  }

  private static List<Range> ranges(JsonNode node) {
    List<Range> ranges = new ArrayList<>();
    for (JsonNode each : node.path("spec").path("podCIDRs")) {
      add(each.asText(), ranges);
    }
    add(node.path("spec").path("podCIDR").asText(""), ranges);
    return ranges;
  }

  private static void add(String text, List<Range> ranges) {
    @Nullable Range range = text.isEmpty() ? null : Range.of(text);
    if (range != null) {
      ranges.add(range);
    }
  }

  /// Of the node's range, or the node's own where that is the pod's. Nodes whose pods get theirs
  /// from plugins give addresses in a way of their own, but none of a range that is another's; so
  /// do nodes that have no range, unless there are plugins: which address is free only they know.
  void ofPod(String node, Write write) {
    JsonNode status = write.object().path("status");
    @Nullable ObjectNode before = write.before();
    if (write.operation() == Operation.DELETE
        || before != null && addresses(before.path("status")).equals(addresses(status))) {
      return;
    }
    @Nullable ObjectNode own = objects.read("v1", "nodes", "", node);
    List<Range> ranges = own == null ? List.of() : ranges(own);
    for (String each : addresses(status)) {
      @Nullable Range address = Range.of(each);
      boolean fits =
          address != null
              && (own != null && isOf(own, each) && maySayItsOwn(node, write.object(), address)
                  || ranges.stream().anyMatch(range -> range.holds(address))
                  || (plugged.names().contains(node) || plugged.isNone() && ranges.isEmpty())
                      && !isAnothers(node, List.of(address)));
      if (!fits) {
        throw ApiException.forbidden(
            write.type(),
            write.name(),
            "node \"%s\" has no address %s for a pod".formatted(node, each));
      }
    }
  }

  /// A pod that is not of the host's network is known by its address: what a node once called its
  /// own may be that of a plugin's pod since.
  private boolean maySayItsOwn(String node, ObjectNode pod, Range address) {
    return plugged.names().contains(node)
        || pod.path("spec").path("hostNetwork").asBoolean()
        || !isOfPlugins(List.of(address));
  }

  private static List<String> addresses(JsonNode status) {
    List<String> all = new ArrayList<>();
    status.path("podIPs").forEach(each -> all.add(each.path("ip").asText()));
    String first = status.path("podIP").asText("");
    if (!first.isEmpty() && !all.contains(first)) {
      all.add(first);
    }
    return all;
  }

  private static boolean isOf(ObjectNode node, String address) {
    for (JsonNode each : node.path("status").path("addresses")) {
      if (each.path("address").asText().equals(address)) {
        return true;
      }
    }
    return false;
  }

  private boolean isAnothers(String node, List<Range> claimed) {
    for (ObjectNode each : objects.list("v1", "nodes", "")) {
      if (!each.path("metadata").path("name").asText().equals(node)) {
        for (Range range : ranges(each)) {
          if (claimed.stream().anyMatch(range::meets)) {
            return true;
          }
        }
      }
    }
    return !plugged.names().contains(node) && isOfPluggedPods(claimed);
  }

  /// Whether plugins have given it, or may: what of their ranges is free belongs to pods that are
  /// still to come.
  private boolean isOfPlugins(List<Range> claimed) {
    return ofPlugins().stream().anyMatch(range -> claimed.stream().anyMatch(range::meets))
        || isOfPluggedPods(claimed);
  }

  /// Their ranges, but those that nodes share: what of these is whose, the nodes' own ranges say.
  private List<Range> ofPlugins() {
    List<Range> all = new ArrayList<>();
    if (!plugged.isNone()) {
      plugged.ranges().get().forEach(each -> add(each.toString(), all));
      for (String name : plugged.names()) {
        @Nullable ObjectNode node = objects.read("v1", "nodes", "", name);
        List<Range> own = node == null ? List.of() : ranges(node);
        all.removeIf(range -> own.stream().anyMatch(range::holds));
      }
    }
    return all;
  }

  /// Which addresses plugins have given only the pods that have them tell. Nodes of other machines
  /// claim addresses of their own seldom.
  private boolean isOfPluggedPods(List<Range> claimed) {
    if (plugged.isNone()) {
      return false;
    }
    for (ObjectNode pod : objects.list("v1", "pods", "")) {
      JsonNode spec = pod.path("spec");
      if (plugged.names().contains(spec.path("nodeName").asText())
          && !spec.path("hostNetwork").asBoolean()) {
        for (String each : addresses(pod.path("status"))) {
          @Nullable Range address = Range.of(each);
          if (address != null && claimed.stream().anyMatch(address::meets)) {
            return true;
          }
        }
      }
    }
    return false;
  }

  /// Neither the range that a node brings nor an address of its own is of another's range.
  void ofNode(String node, Write write) {
    if (write.operation() == Operation.DELETE) {
      return;
    }
    @Nullable ObjectNode before = write.before();
    List<Range> brought = new ArrayList<>();
    if (before == null || ranges(before).isEmpty()) {
      brought.addAll(ranges(write.object()));
    }
    List<Range> claimed = new ArrayList<>(brought);
    for (JsonNode each : write.object().path("status").path("addresses")) {
      String address = each.path("address").asText();
      if (before == null || !isOf(before, address)) {
        add(address, claimed);
      }
    }
    boolean meetsPlugins =
        !brought.isEmpty() && !plugged.names().contains(node) && isOfPlugins(brought);
    if (meetsPlugins || !claimed.isEmpty() && isAnothers(node, claimed)) {
      throw ApiException.forbidden(
          write.type(),
          write.name(),
          "node \"%s\" is not allowed to claim addresses of another node's pods".formatted(node));
    }
  }
}
