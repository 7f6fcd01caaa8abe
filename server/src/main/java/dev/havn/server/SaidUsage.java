// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.usage.NodeUsage.Amount;
import io.fabric8.kubernetes.api.model.Quantity;
import java.math.BigDecimal;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What a simulated container is said to use: annotations of its pod say it, `usage.havn.dev/cpu`
/// and `usage.havn.dev/memory` of each container, the same with a dot and its name, such as
/// `usage.havn.dev/cpu.web`, of one. Nothing said is nothing used.
final class SaidUsage {
  /// Over which it is said to have been measured.
  static final Duration WINDOW = Duration.ofSeconds(15);

  private static final Logger LOG = LoggerFactory.getLogger(SaidUsage.class);
  private static final String PREFIX = "usage.havn.dev/";
  private static final int NANO_DIGITS = 9;

  private SaidUsage() {}

  static Amount of(ObjectNode pod, String container) {
    return new Amount(
        quantity(pod, "cpu", container).movePointRight(NANO_DIGITS).longValue(),
        quantity(pod, "memory", container).longValue());
  }

  private static BigDecimal quantity(ObjectNode pod, String resource, String container) {
    JsonNode annotations = pod.path("metadata").path("annotations");
    String name = PREFIX + resource + "." + container;
    if (!annotations.has(name)) {
      name = PREFIX + resource;
    }
    String text = annotations.path(name).asText("0");
    try {
      return new Quantity(text).getNumericalAmount();
    } catch (IllegalArgumentException e) {
      LOG.warn("{} of pod {} is no quantity: {}", name, pod.at("/metadata/name").asText(), text);
      return BigDecimal.ZERO;
    }
  }
}
