// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.autoscaling;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscalerCondition;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The conditions of an autoscaler as they are changed, in the order in which they came.
final class Conditions {
  /// What it cannot do here: the gate of scaling to nothing is closed, as in Kubernetes.
  private static final String SCALED_TO_ZERO = "ScaledToZero";

  private final Map<String, ObjectNode> byType = new LinkedHashMap<>();
  private final String now;

  Conditions(List<HorizontalPodAutoscalerCondition> before, Instant now) {
    this.now = now.truncatedTo(ChronoUnit.SECONDS).toString();
    for (HorizontalPodAutoscalerCondition each : before) {
      ObjectNode condition = condition(each.getType());
      condition.put("status", each.getStatus());
      if (each.getLastTransitionTime() != null) {
        condition.put("lastTransitionTime", each.getLastTransitionTime());
      }
      put(condition, "reason", each.getReason());
      put(condition, "message", each.getMessage());
    }
  }

  private static void put(ObjectNode condition, String field, @Nullable String value) {
    if (value != null && !value.isEmpty()) {
      condition.put(field, value);
    }
  }

  private ObjectNode condition(String type) {
    return byType.computeIfAbsent(
        type, _ -> JsonNodeFactory.instance.objectNode().put("type", type));
  }

  /// The time changes only with the status.
  void set(String type, boolean status, String reason, String message) {
    ObjectNode condition = condition(type);
    String said = status ? "True" : "False";
    if (!condition.path("status").asText().equals(said)) {
      condition.put("status", said).put("lastTransitionTime", now);
    }
    condition.put("reason", reason).put("message", message);
  }

  void set(String type, boolean status, Bounds.Word word) {
    set(type, status, word.reason(), word.message());
  }

  void withoutScaledToZero() {
    byType.remove(SCALED_TO_ZERO);
  }

  ArrayNode json() {
    ArrayNode all = JsonNodeFactory.instance.arrayNode();
    byType.values().forEach(each -> all.add(each.deepCopy()));
    return all;
  }
}
