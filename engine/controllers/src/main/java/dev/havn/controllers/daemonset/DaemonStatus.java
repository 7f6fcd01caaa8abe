// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.daemonset;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.controllers.replicas.PodState;
import dev.havn.reconcile.Api;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.List;
import java.util.Map;

/// What a set's status counts, in nodes.
record DaemonStatus(
    long generation,
    int desired,
    int current,
    int misscheduled,
    int ready,
    int updated,
    int available) {

  static DaemonStatus of(DaemonPlan.Observed seen, Map<String, List<Pod>> byNode) {
    int desired = 0;
    int current = 0;
    int misscheduled = 0;
    int ready = 0;
    int updated = 0;
    int available = 0;
    for (Node node : seen.nodes()) {
      List<Pod> pods = byNode.getOrDefault(node.getMetadata().getName(), List.of());
      if (!NodeFit.of(seen.desired(), node).runs()) {
        misscheduled += pods.isEmpty() ? 0 : 1;
        continue;
      }
      desired++;
      if (pods.isEmpty()) {
        continue;
      }
      current++;
      Pod oldest = pods.stream().min(DaemonPods.OLDEST_FIRST).orElseThrow();
      ready += PodState.isReady(oldest) ? 1 : 0;
      available += seen.isAvailable(oldest) ? 1 : 0;
      updated += DaemonPods.isUpdated(seen.desired(), oldest, seen.hash()) ? 1 : 0;
    }
    return new DaemonStatus(
        seen.desired().generation(), desired, current, misscheduled, ready, updated, available);
  }

  /// The status as it should be: counts as Go writes them, what others put beside them as it is.
  ObjectNode onto(JsonNode before) {
    ObjectNode status = Api.object();
    status.put("currentNumberScheduled", current);
    status.put("numberMisscheduled", misscheduled);
    status.put("desiredNumberScheduled", desired);
    status.put("numberReady", ready);
    status.put("observedGeneration", generation);
    put(status, "updatedNumberScheduled", updated);
    put(status, "numberAvailable", available);
    put(status, "numberUnavailable", desired - available);
    for (String kept : List.of("collisionCount", "conditions")) {
      if (before.has(kept)) {
        status.set(kept, before.get(kept));
      }
    }
    return status;
  }

  private static void put(ObjectNode status, String name, int count) {
    if (count != 0) {
      status.put(name, count);
    }
  }

  boolean differs(JsonNode before) {
    return before.path("observedGeneration").asLong() < generation
        || before.path("currentNumberScheduled").asInt() != current
        || before.path("numberMisscheduled").asInt() != misscheduled
        || before.path("desiredNumberScheduled").asInt() != desired
        || before.path("numberReady").asInt() != ready
        || before.path("updatedNumberScheduled").asInt() != updated
        || before.path("numberAvailable").asInt() != available
        || before.path("numberUnavailable").asInt() != desired - available;
  }
}
