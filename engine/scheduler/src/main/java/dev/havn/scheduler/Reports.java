// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.SeriesEvents;
import dev.havn.reconcile.SeriesEvents.Happening;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import org.jspecify.annotations.Nullable;

/// Says of a pod what became of it: conditions, the node that is being cleared for it, events.
final class Reports {
  private final Api api;
  private final InstantSource clock;

  Reports(Api api, InstantSource clock) {
    this.api = api;
    this.clock = clock;
  }

  static String path(Pod pod) {
    return Api.path(Pod.class, pod.getMetadata().getNamespace(), pod.getMetadata().getName());
  }

  void scheduled(Pod pod, String node, SeriesEvents events) {
    String note =
        "Successfully assigned %s/%s to %s"
            .formatted(pod.getMetadata().getNamespace(), pod.getMetadata().getName(), node);
    events.once(new Happening(pod, null, "Normal", "Scheduled", "Binding", note));
  }

  void waitsForDevices(Pod pod, String node, SeriesEvents events) {
    String note = "waiting for binding conditions for device on node " + node;
    events.record(
        new Happening(pod, null, "Normal", "BindingConditionsPending", "Scheduling", note));
  }

  /// @param reason of the condition `PodScheduled`
  /// @param nominated the node that is being cleared, empty for none any more, null for as it was
  void unscheduled(
      Pod pod, String reason, String message, @Nullable String nominated, SeriesEvents events) {
    events.record(new Happening(pod, null, "Warning", "FailedScheduling", "Scheduling", message));
    patch(pod, condition(pod, reason, message), nominated);
  }

  void nominate(Pod pod, String node) {
    patch(pod, null, node);
  }

  private void patch(Pod pod, @Nullable ObjectNode condition, @Nullable String nominated) {
    ObjectNode status = Api.object();
    if (condition != null) {
      status.putArray("conditions").add(condition);
    }
    String before = pod.getStatus() == null ? null : pod.getStatus().getNominatedNodeName();
    if (nominated != null && !nominated.equals(before == null ? "" : before)) {
      status.put("nominatedNodeName", nominated.isEmpty() ? null : nominated);
    }
    if (!status.isEmpty()) {
      ObjectNode patch = Api.object();
      patch.putObject("metadata").put("uid", pod.getMetadata().getUid());
      patch.set("status", status);
      api.strategicMerge(path(pod) + "/status", patch);
    }
  }

  /// Null when the pod says so already.
  private @Nullable ObjectNode condition(Pod pod, String reason, String message) {
    @Nullable PodCondition before = find(pod, "PodScheduled");
    boolean isFalse = before != null && "False".equals(before.getStatus());
    if (before != null
        && isFalse
        && reason.equals(before.getReason())
        && message.equals(before.getMessage())) {
      return null;
    }
    ObjectNode condition = Api.object().put("type", "PodScheduled").put("status", "False");
    if (pod.getMetadata().getGeneration() != null) {
      condition.put("observedGeneration", pod.getMetadata().getGeneration());
    }
    return condition
        .putNull("lastProbeTime")
        .put(
            "lastTransitionTime",
            before != null && isFalse ? before.getLastTransitionTime() : now())
        .put("reason", reason)
        .put("message", message);
  }

  private static @Nullable PodCondition find(Pod pod, String type) {
    if (pod.getStatus() != null) {
      for (PodCondition each : pod.getStatus().getConditions()) {
        if (type.equals(each.getType())) {
          return each;
        }
      }
    }
    return null;
  }

  private String now() {
    return clock.instant().truncatedTo(ChronoUnit.SECONDS).toString();
  }

  /// Says that a pod has to go, and deletes it.
  void preempt(Pod victim, Pod preemptor, String node, SeriesEvents events) {
    ObjectNode patch = Api.patchOf(victim);
    ObjectNode status = patch.putObject("status");
    // Behind those that it has already.
    ArrayNode order = status.putArray("$setElementOrder/conditions");
    if (victim.getStatus() != null) {
      victim.getStatus().getConditions().stream()
          .map(PodCondition::getType)
          .filter(type -> !type.equals("DisruptionTarget"))
          .forEach(type -> order.addObject().put("type", type));
    }
    order.addObject().put("type", "DisruptionTarget");
    ObjectNode condition = status.putArray("conditions").addObject();
    condition.put("type", "DisruptionTarget").put("status", "True");
    if (victim.getMetadata().getGeneration() != null) {
      condition.put("observedGeneration", victim.getMetadata().getGeneration());
    }
    condition
        .put("reason", "PreemptionByScheduler")
        .put(
            "message",
            preemptor.getSpec().getSchedulerName()
                + ": preempting to accommodate a higher priority pod")
        .putNull("lastProbeTime")
        .put("lastTransitionTime", now());
    try {
      api.strategicMerge(path(victim) + "/status", patch);
    } catch (Api.RefusedException e) {
      if (e.isGone()) {
        return;
      }
      throw e;
    }
    api.delete(victim);
    String note =
        "Preempted by pod %s on node %s".formatted(preemptor.getMetadata().getUid(), node);
    events.once(new Happening(victim, preemptor, "Normal", "Preempted", "Preempting", note));
  }

  /// The node that a pod has as the API says now, or null when it has none or is gone.
  @Nullable String nodeOf(Pod pod) {
    @Nullable JsonNode now = api.find(path(pod)).orElse(null);
    if (now == null
        || !now.path("metadata").path("uid").asText("").equals(pod.getMetadata().getUid())) {
      return null;
    }
    String node = now.path("spec").path("nodeName").asText("");
    return node.isEmpty() ? null : node;
  }

  void bind(Pod pod, String node) {
    ObjectNode binding = Api.object().put("kind", "Binding").put("apiVersion", "v1");
    binding
        .putObject("metadata")
        .put("name", pod.getMetadata().getName())
        .put("namespace", pod.getMetadata().getNamespace())
        .put("uid", pod.getMetadata().getUid());
    binding.putObject("target").put("kind", "Node").put("name", node);
    api.post(path(pod) + "/binding", binding);
  }
}
