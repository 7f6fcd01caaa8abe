// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.admission;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.schema.validate.Quantity;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/// What a pod takes as a whole (KEP-753, KEP-2837): what its containers take together and the
/// sidecars with them, or what an init container takes beside the sidecars that started before it;
/// what is said for the pod itself goes before.
final class PodResources {
  private static final Set<String> OF_PODS = Set.of("cpu", "memory");

  private PodResources() {}

  /// @param kind `requests` or `limits`
  /// @param overhead whether the runtime's overhead is part of it
  static Map<String, Quantity> total(JsonNode spec, String kind, boolean overhead) {
    Map<String, Quantity> together = new TreeMap<>();
    for (JsonNode each : spec.path("containers")) {
      add(together, each.path("resources").path(kind));
    }
    Map<String, Quantity> sidecars = new TreeMap<>();
    Map<String, Quantity> starting = new TreeMap<>();
    for (JsonNode each : spec.path("initContainers")) {
      JsonNode own = each.path("resources").path(kind);
      Map<String, Quantity> now = new TreeMap<>(sidecars);
      add(now, own);
      if (each.path("restartPolicy").asText("").equals("Always")) {
        sidecars = new TreeMap<>(now);
      }
      now.forEach((name, amount) -> starting.merge(name, amount, PodResources::larger));
    }
    sidecars.forEach((name, amount) -> together.merge(name, amount, QuotaUsage::sum));
    starting.forEach((name, amount) -> together.merge(name, amount, PodResources::larger));
    for (Map.Entry<String, JsonNode> each : spec.path("resources").path(kind).properties()) {
      if (OF_PODS.contains(each.getKey()) || each.getKey().startsWith("hugepages-")) {
        together.put(each.getKey(), Quantity.parse(each.getValue().asText()));
      }
    }
    if (overhead) {
      overhead(spec, kind, together);
    }
    return together;
  }

  /// A limit that is not there stays not there.
  private static void overhead(JsonNode spec, String kind, Map<String, Quantity> total) {
    for (Map.Entry<String, JsonNode> each : spec.path("overhead").properties()) {
      if (kind.equals("requests") || total.containsKey(each.getKey())) {
        total.merge(each.getKey(), Quantity.parse(each.getValue().asText()), QuotaUsage::sum);
      }
    }
  }

  private static Quantity larger(Quantity one, Quantity other) {
    return one.amount().compareTo(other.amount()) >= 0 ? one : other;
  }

  private static void add(Map<String, Quantity> total, JsonNode amounts) {
    for (Map.Entry<String, JsonNode> each : amounts.properties()) {
      total.merge(each.getKey(), Quantity.parse(each.getValue().asText()), QuotaUsage::sum);
    }
  }
}
