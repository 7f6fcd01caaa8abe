// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.schema.validate.Quantity;
import java.util.Map;
import java.util.TreeMap;

/// What a pod's containers need at the same time: all that run on, with those init containers that
/// do, or one init container with those that were started before it, whatever is more.
final class PodAmounts {
  static final String PAGES = "hugepages-";

  private PodAmounts() {}

  /// Whether a resource can be asked for by a pod as a whole.
  static boolean isOfPods(String name) {
    return name.equals("cpu") || name.equals("memory") || name.startsWith(PAGES);
  }

  /// @param field `requests` or `limits`
  static Map<String, Quantity> of(JsonNode spec, String field) {
    Map<String, Quantity> running = new TreeMap<>();
    for (JsonNode container : spec.path("containers")) {
      add(running, amounts(container, field));
    }
    Map<String, Quantity> beside = new TreeMap<>();
    Map<String, Quantity> starting = new TreeMap<>();
    for (JsonNode container : spec.path("initContainers")) {
      Map<String, Quantity> own = amounts(container, field);
      Map<String, Quantity> now = new TreeMap<>(beside);
      add(now, own);
      if (container.path("restartPolicy").asText("").equals("Always")) {
        add(running, own);
        add(beside, own);
      }
      now.forEach((name, amount) -> starting.merge(name, amount, PodAmounts::greater));
    }
    starting.forEach((name, amount) -> running.merge(name, amount, PodAmounts::greater));
    return running;
  }

  private static Map<String, Quantity> amounts(JsonNode container, String field) {
    Map<String, Quantity> amounts = new TreeMap<>();
    for (Map.Entry<String, JsonNode> each : container.path("resources").path(field).properties()) {
      amounts.put(each.getKey(), Quantity.parse(each.getValue().asText()));
    }
    return amounts;
  }

  private static void add(Map<String, Quantity> sum, Map<String, Quantity> more) {
    more.forEach(
        (name, amount) ->
            sum.merge(
                name,
                amount,
                (one, other) -> new Quantity(one.amount().add(other.amount()), one.format())));
  }

  private static Quantity greater(Quantity one, Quantity other) {
    return one.amount().compareTo(other.amount()) >= 0 ? one : other;
  }
}
