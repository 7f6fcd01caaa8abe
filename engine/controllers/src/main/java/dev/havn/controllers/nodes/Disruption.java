// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.nodes;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.controllers.replicas.PodState;
import dev.havn.reconcile.Api;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;

/// The condition `DisruptionTarget`: why a pod that did nothing wrong ends (KEP-3329).
public final class Disruption {
  private static final String TYPE = "DisruptionTarget";

  private Disruption() {}

  /// What says of a pod's status that it has the condition, behind those that it has already.
  public static ObjectNode patch(Pod pod, String reason, String message, Instant now) {
    ObjectNode patch = Api.object();
    patch.putObject("metadata").put("uid", pod.getMetadata().getUid());
    ObjectNode status = patch.putObject("status");
    ArrayNode order = status.putArray("$setElementOrder/conditions");
    List<PodCondition> before =
        pod.getStatus() == null ? List.of() : pod.getStatus().getConditions();
    before.stream()
        .map(PodCondition::getType)
        .filter(type -> !type.equals(TYPE))
        .forEach(type -> order.addObject().put("type", type));
    order.addObject().put("type", TYPE);
    status
        .putArray("conditions")
        .addObject()
        .put("type", TYPE)
        .put("status", "True")
        .put("lastTransitionTime", now.truncatedTo(ChronoUnit.SECONDS).toString())
        .put("reason", reason)
        .put("message", message)
        .put("observedGeneration", pod.getMetadata().getGeneration());
    return patch;
  }

  /// Lets the pod be Failed, unless it is finished, with the condition where there is a reason; one
  /// that is gone already is fine.
  ///
  /// @param reason empty for none
  static void fail(Api api, Pod pod, String reason, String message, Instant now) {
    if (PodState.isFinished(pod)) {
      return;
    }
    ObjectNode patch = patch(pod, reason, message, now);
    ObjectNode status = patch.withObjectProperty("status");
    if (reason.isEmpty()) {
      status.removeAll();
    }
    status.put("phase", "Failed").put("observedGeneration", pod.getMetadata().getGeneration());
    try {
      api.patchStrategic(NodeLifecycle.podPath(pod) + "/status", patch);
    } catch (Api.RefusedException e) {
      if (e.code() != 404) {
        throw e;
      }
    }
  }
}
