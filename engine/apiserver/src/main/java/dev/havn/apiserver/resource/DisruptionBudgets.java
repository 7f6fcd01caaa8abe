// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;

/// Evictions against PodDisruptionBudgets.
final class DisruptionBudgets {
  private static final int RETRY_SECONDS = 10;

  private DisruptionBudgets() {}

  /// @throws ApiException 429 when a budget of the pod allows no disruption now
  static void check(Objects objects, Call call, ObjectNode pod) {
    List<ObjectNode> budgets =
        objects.list("policy/v1", "poddisruptionbudgets", call.namespace()).stream()
            .filter(budget -> selects(budget.path("spec").path("selector"), pod))
            .toList();
    if (budgets.isEmpty() || !Pods.endsGracefully(pod)) {
      return;
    }
    if (budgets.size() > 1) {
      throw ApiException.internal(
          "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.");
    }
    JsonNode status = budgets.getFirst().path("status");
    if (status.path("disruptionsAllowed").asInt() <= 0) {
      throw ApiException.tooManyRequests(
          "Cannot evict pod as it would violate the pod's disruption budget.", RETRY_SECONDS);
    }
  }

  private static boolean selects(JsonNode selector, ObjectNode pod) {
    if (selector.isMissingNode()) {
      return false;
    }
    JsonNode labels = pod.path("metadata").path("labels");
    for (Map.Entry<String, JsonNode> each : selector.path("matchLabels").properties()) {
      if (!each.getValue().equals(labels.path(each.getKey()))) {
        return false;
      }
    }
    return true;
  }
}
