// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/// Labels by whose values a new pod chooses others (KEP-3633, KEP-3243): its own values become part
/// of its selectors, so that the scheduler need not know of them.
final class LabelKeys {
  private static final List<String> WHEN =
      List.of(
          "requiredDuringSchedulingIgnoredDuringExecution",
          "preferredDuringSchedulingIgnoredDuringExecution");

  private LabelKeys() {}

  static void merge(ObjectNode pod) {
    JsonNode labels = pod.path("metadata").path("labels");
    JsonNode affinity = pod.path("spec").path("affinity");
    for (String kind : List.of("podAffinity", "podAntiAffinity")) {
      for (String when : WHEN) {
        for (JsonNode each : affinity.path(kind).path(when)) {
          JsonNode term = each.has("podAffinityTerm") ? each.get("podAffinityTerm") : each;
          merge(term, "matchLabelKeys", "In", labels);
          merge(term, "mismatchLabelKeys", "NotIn", labels);
        }
      }
    }
    for (JsonNode constraint : pod.path("spec").path("topologySpreadConstraints")) {
      merge(constraint, "matchLabelKeys", "In", labels);
    }
  }

  private static void merge(JsonNode holder, String field, String operator, JsonNode labels) {
    if (!(holder.path("labelSelector") instanceof ObjectNode selector)) {
      return;
    }
    for (JsonNode key : holder.path(field)) {
      JsonNode value = labels.path(key.asText());
      if (value.isTextual()) {
        ObjectNode expression =
            selector.withArrayProperty("matchExpressions").addObject().put("key", key.asText());
        expression.put("operator", operator).putArray("values").add(value);
      }
    }
  }
}
