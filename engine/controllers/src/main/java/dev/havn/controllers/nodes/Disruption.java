// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.nodes;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.controllers.replicas.PodState;
import dev.havn.reconcile.Api;
import io.fabric8.kubernetes.api.model.Pod;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/// The condition `DisruptionTarget`: why a pod that did nothing wrong ends (KEP-3329).
final class Disruption {
  private static final String TYPE = "DisruptionTarget";

  private Disruption() {}

  /// Sets the condition and lets the pod be Failed, unless it is finished; one that is gone already
  /// is fine.
  static void fail(Api api, Pod pod, String reason, String message, Instant now) {
    ObjectNode patch = Api.object();
    patch.putObject("metadata").put("uid", pod.getMetadata().getUid());
    ObjectNode status = patch.putObject("status");
    ArrayNode conditions = status.putArray("conditions");
    if (pod.getStatus() != null) {
      for (JsonNode each : api.toTree(pod.getStatus().getConditions())) {
        if (!each.path("type").asText().equals(TYPE)) {
          conditions.add(each);
        }
      }
    }
    conditions
        .addObject()
        .put("type", TYPE)
        .put("status", "True")
        .put("lastTransitionTime", now.truncatedTo(ChronoUnit.SECONDS).toString())
        .put("reason", reason)
        .put("message", message);
    if (!PodState.isFinished(pod)) {
      status.put("phase", "Failed");
    }
    try {
      api.merge(NodeLifecycle.podPath(pod) + "/status", patch);
    } catch (Api.RefusedException e) {
      if (e.code() != 404) {
        throw e;
      }
    }
  }
}
