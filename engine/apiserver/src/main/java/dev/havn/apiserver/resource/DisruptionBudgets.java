// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.ResourceType;
import dev.havn.schema.validate.Times;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Evictions against PodDisruptionBudgets.
final class DisruptionBudgets {
  private static final String REFUSED =
      "Cannot evict pod as it would violate the pod's disruption budget.";
  private static final int RETRY_SECONDS = 10;

  /// Evictions that the budget's controller has not seen yet.
  private static final int DISRUPTED_MAX = 2_000;

  private static final Set<String> UNGUARDED = Set.of("Succeeded", "Failed", "Pending");

  private DisruptionBudgets() {}

  /// Takes one disruption from the pod's budget.
  ///
  /// @param dryRun whether nothing is taken in earnest
  /// @throws ApiException 429 when a budget of the pod allows no disruption now
  static void take(Objects objects, ObjectNode pod, Instant now, boolean dryRun) {
    JsonNode metadata = pod.path("metadata");
    if (UNGUARDED.contains(pod.path("status").path("phase").asText())
        || metadata.has("deletionTimestamp")) {
      return;
    }
    String namespace = metadata.path("namespace").asText();
    List<ObjectNode> budgets =
        objects.list("policy/v1", "poddisruptionbudgets", namespace).stream()
            .filter(
                budget ->
                    LabelSelection.matches(
                        budget.path("spec").path("selector"), metadata.path("labels")))
            .toList();
    if (budgets.isEmpty()) {
      return;
    }
    if (budgets.size() > 1) {
      throw ApiException.unreasoned(
          "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.");
    }
    ResourceType type = objects.registry().get("policy/v1", "poddisruptionbudgets");
    String name = budgets.getFirst().path("metadata").path("name").asText();
    for (int attempt = 1; attempt <= Writes.ATTEMPTS_MAX; attempt++) {
      @Nullable StoredObject found = objects.find(type, namespace, name);
      if (found == null) {
        return;
      }
      ObjectNode budget = found.toTree();
      if (!isCounted(budget, pod)) {
        return;
      }
      ObjectNode status = budget.withObjectProperty("status");
      check(budget, status);
      status.put("disruptionsAllowed", status.path("disruptionsAllowed").asInt() - 1);
      status
          .withObjectProperty("disruptedPods")
          .put(metadata.path("name").asText(), Times.seconds(now));
      if (dryRun || objects.replace(type, found, budget)) {
        return;
      }
    }
    throw ApiException.tooManyRequests(REFUSED, RETRY_SECONDS);
  }

  /// A pod that is not ready takes nothing from a budget that is kept, or that lets it go anyway.
  private static boolean isCounted(ObjectNode budget, ObjectNode pod) {
    for (JsonNode condition : pod.path("status").path("conditions")) {
      if (condition.path("type").asText().equals("Ready")
          && condition.path("status").asText().equals("True")) {
        return true;
      }
    }
    String policy = budget.path("spec").path("unhealthyPodEvictionPolicy").asText("");
    JsonNode status = budget.path("status");
    int desired = status.path("desiredHealthy").asInt();
    boolean kept = desired > 0 && status.path("currentHealthy").asInt() >= desired;
    return !policy.equals("AlwaysAllow") && !kept;
  }

  private static void check(ObjectNode budget, JsonNode status) {
    String name = budget.path("metadata").path("name").asText();
    long generation = budget.path("metadata").path("generation").asLong();
    if (status.path("observedGeneration").asLong() < generation) {
      throw ApiException.disruptionRefused(
          REFUSED,
          "The disruption budget %s is still being processed by the server.".formatted(name),
          RETRY_SECONDS);
    }
    if (status.path("disruptionsAllowed").asInt() < 0) {
      throw forbidden(name, "pdb disruptions allowed is negative");
    }
    if (status.path("disruptedPods").size() > DISRUPTED_MAX) {
      throw forbidden(
          name, "DisruptedPods map too big - too many evictions not confirmed by PDB controller");
    }
    if (status.path("disruptionsAllowed").asInt() == 0) {
      throw ApiException.disruptionRefused(
          REFUSED, "The disruption budget " + name + " " + cause(status), 0);
    }
  }

  private static ApiException forbidden(String name, String why) {
    return ApiException.forbidden("policy", "poddisruptionbudget", name, why);
  }

  /// Why no disruption is allowed. Counts are told where they show it and can be trusted: not when
  /// the budget could not be counted.
  private static String cause(JsonNode status) {
    String reason = "";
    String message = "";
    for (JsonNode each : status.path("conditions")) {
      if (each.path("type").asText().equals("DisruptionAllowed")
          && each.path("status").asText().equals("False")) {
        reason = each.path("reason").asText("");
        message = each.path("message").asText("");
      }
    }
    int desired = status.path("desiredHealthy").asInt();
    int healthy = status.path("currentHealthy").asInt();
    String refused = "does not allow evicting pods currently";
    if (!message.isEmpty() && reason.equals("SyncFailed")) {
      return refused + " because it failed sync: " + message;
    }
    if (healthy <= desired) {
      return "needs %d healthy pods and has %d currently".formatted(desired, healthy);
    }
    return message.isEmpty() ? refused : "%s (%s): %s".formatted(refused, reason, message);
  }
}
