// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.cni;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.Quantity;
import java.math.BigDecimal;
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

  /// @throws CniException when an annotation says no bandwidth
  static ObjectNode of(Sandbox sandbox) throws CniException {
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
    if (!sandbox.annotations().isEmpty()) {
      ObjectNode annotations = all.putObject("io.kubernetes.cri.pod-annotations");
      sandbox.annotations().forEach(annotations::put);
    }
    return all;
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
