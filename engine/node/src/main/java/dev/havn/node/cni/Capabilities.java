// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.cni;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.addresses.AddressRange;
import dev.havn.addresses.Ranges;
import io.fabric8.kubernetes.api.model.Quantity;
import java.math.BigDecimal;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What a pod wants of plugins that can do it: arguments by capability, under the names of CNI's
/// conventions and, for annotations, of containerd's.
final class Capabilities {
  private static final String INGRESS = "kubernetes.io/ingress-bandwidth";
  private static final String EGRESS = "kubernetes.io/egress-bandwidth";
  private static final BigDecimal BITS_MIN = new BigDecimal(1_000);
  private static final BigDecimal BITS_MAX = new BigDecimal(1_000_000_000_000_000L);

  /// As much as a burst can be: a rate alone bounds the pod.
  private static final long BURST_BITS = 0xffffffffL;

  private Capabilities() {}

  /// @param selection which addresses the pod asks for
  /// @param ranges the addresses of the node's pods
  /// @throws CniException when an annotation says no bandwidth, or asks for addresses that no
  ///   plugin of the network takes
  static ObjectNode of(Sandbox sandbox, NetworkSelection selection, NetworkList list, Ranges ranges)
      throws CniException {
    ObjectNode all = JsonNodeFactory.instance.objectNode();
    ArrayNode ports = JsonNodeFactory.instance.arrayNode();
    for (Sandbox.Port each : sandbox.ports()) {
      ObjectNode port = ports.addObject();
      port.put("hostPort", each.hostPort()).put("containerPort", each.containerPort());
      port.put("protocol", each.protocol().toLowerCase(Locale.ROOT));
      port.put("hostIP", each.hostAddress());
    }
    if (!ports.isEmpty()) {
      all.set("portMappings", ports);
    }
    ObjectNode bandwidth = JsonNodeFactory.instance.objectNode();
    rate(sandbox.annotations(), INGRESS, "ingress", bandwidth);
    rate(sandbox.annotations(), EGRESS, "egress", bandwidth);
    if (!bandwidth.isEmpty()) {
      all.set("bandwidth", bandwidth);
    }
    all.set("ipRanges", ranges(ranges));
    all.set("dns", dns(sandbox.dns()));
    all.put("cgroupPath", sandbox.cgroup());
    select(selection, list, all);
    if (!sandbox.annotations().isEmpty()) {
      ObjectNode annotations = all.putObject("io.kubernetes.cri.pod-annotations");
      sandbox.annotations().forEach(annotations::put);
    }
    return all;
  }

  /// A list of ranges for each family: of each list the pod gets an address. It leaves by the
  /// node's own.
  private static ArrayNode ranges(Ranges ranges) {
    ArrayNode all = JsonNodeFactory.instance.arrayNode();
    for (AddressRange each : ranges.all()) {
      ObjectNode range = all.addArray().addObject();
      range.put("subnet", each.toString()).put("gateway", each.address(CniNetwork.OWN));
    }
    return all;
  }

  private static ObjectNode dns(Sandbox.Dns dns) {
    ObjectNode all = JsonNodeFactory.instance.objectNode();
    add("servers", dns.servers(), all);
    add("searches", dns.searches(), all);
    add("options", dns.options(), all);
    return all;
  }

  private static void add(String name, List<String> values, ObjectNode all) {
    ArrayNode array = all.putArray(name);
    values.forEach(array::add);
  }

  private static void select(NetworkSelection selection, NetworkList list, ObjectNode all)
      throws CniException {
    if (!selection.ips().isEmpty()) {
      requireTaken("ips", list);
      add("ips", selection.ips(), all);
    }
    if (!selection.mac().isEmpty()) {
      requireTaken("mac", list);
      all.put("mac", selection.mac());
    }
  }

  /// A pod must not get any address where it asked for one.
  private static void requireTaken(String capability, NetworkList list) throws CniException {
    if (!list.takes(capability)) {
      throw new CniException(
          CniException.INVALID_CONFIGURATION,
          "annotation %s: no plugin of network %s has the capability '%s'"
              .formatted(NetworkSelection.ANNOTATION, list.name(), capability));
    }
  }

  private static void rate(
      Map<String, String> annotations, String key, String name, ObjectNode bandwidth)
      throws CniException {
    @Nullable String text = annotations.get(key);
    if (text == null) {
      return;
    }
    BigDecimal bits;
    try {
      bits = Quantity.getAmountInBytes(Quantity.parse(text));
    } catch (IllegalArgumentException | ArithmeticException e) {
      throw new CniException(
          CniException.INVALID_CONFIGURATION,
          "annotation %s must be bits a second such as 10M, not '%s'".formatted(key, text),
          e);
    }
    if (bits.compareTo(BITS_MIN) < 0 || bits.compareTo(BITS_MAX) > 0) {
      throw new CniException(
          CniException.INVALID_CONFIGURATION,
          "annotation %s: resource is unreasonably %s"
              .formatted(
                  key, bits.compareTo(BITS_MIN) < 0 ? "small (< 1kbit)" : "large (> 1Pbit)"));
    }
    bandwidth.put(name + "Rate", bits.longValue()).put(name + "Burst", BURST_BITS);
  }
}
