// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Events;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Says of a pod what became of it: conditions, the node that is being cleared for it, events.
final class Reports {
  private static final int REMEMBERED_MAX = 4_096;

  /// The same is not said again sooner; a pod may be looked at many times a second.
  private static final Duration SILENCE = Duration.ofMinutes(1);

  private final Api api;
  private final InstantSource clock;
  private final Map<String, Said> said =
      new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Said> eldest) {
          return size() > REMEMBERED_MAX;
        }
      };

  private record Said(String message, Instant at) {}

  Reports(Api api, InstantSource clock) {
    this.api = api;
    this.clock = clock;
  }

  static String path(Pod pod) {
    return Api.path(Pod.class, pod.getMetadata().getNamespace(), pod.getMetadata().getName());
  }

  void scheduled(Pod pod, String node, Events events) {
    events.normal(
        pod,
        "Scheduled",
        "Successfully assigned %s/%s to %s"
            .formatted(pod.getMetadata().getNamespace(), pod.getMetadata().getName(), node));
  }

  /// @param reason of the condition `PodScheduled`
  /// @param nominated the node that is being cleared, empty for none any more, null for as it was
  void unscheduled(
      Pod pod, String reason, String message, @Nullable String nominated, Events events) {
    patch(pod, condition(pod, reason, message), nominated);
    if (isNews(pod.getMetadata().getUid(), message)) {
      events.warning(pod, "FailedScheduling", message);
    }
  }

  private synchronized boolean isNews(String uid, String message) {
    Instant now = clock.instant();
    @Nullable Said before = said.get(uid);
    if (before != null
        && before.message().equals(message)
        && before.at().plus(SILENCE).isAfter(now)) {
      return false;
    }
    said.put(uid, new Said(message, now));
    return true;
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
  void preempt(Pod victim, Pod preemptor, String node, Events events) {
    ObjectNode patch = Api.object();
    ObjectNode condition = patch.putObject("status").putArray("conditions").addObject();
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
      if (e.code() != 404) {
        throw e;
      }
      return;
    }
    ObjectNode options = Api.object().put("kind", "DeleteOptions").put("apiVersion", "v1");
    options.putObject("preconditions").put("uid", victim.getMetadata().getUid());
    api.delete(path(victim), options);
    events.normal(
        victim,
        "Preempted",
        "Preempted by pod %s on node %s".formatted(preemptor.getMetadata().getUid(), node));
  }

  void bind(Pod pod, String node) {
    ObjectNode binding = Api.object().put("kind", "Binding").put("apiVersion", "v1");
    binding
        .putObject("metadata")
        .put("name", pod.getMetadata().getName())
        .put("namespace", pod.getMetadata().getNamespace())
        .put("uid", pod.getMetadata().getUid());
    binding.putObject("target").put("kind", "Node").put("name", node);
    api.create(path(pod) + "/binding", binding.toString());
  }
}
