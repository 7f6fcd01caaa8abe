// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.controllers.nodes.Disruption;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Events;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Reconciler;
import dev.havn.reconcile.Tolerance;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Taint;
import io.fabric8.kubernetes.api.model.Toleration;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// Deletes pods from nodes with `NoExecute` taints that they do not tolerate, or no longer. The
/// time a pod has is counted from when this controller first saw it beside the taint.
final class TaintEviction implements Reconciler {
  private static final String TYPE = "DisruptionTarget";
  private static final String REASON = "DeletionByTaintManager";

  private final Informer<Pod> pods;
  private final Informer<Node> nodes;
  private final Api api;
  private final Events events;
  private final InstantSource clock;
  private final Map<String, Instant> noticed = new ConcurrentHashMap<>();

  TaintEviction(
      Informer<Pod> pods, Informer<Node> nodes, Api api, Events events, InstantSource clock) {
    this.pods = pods;
    this.nodes = nodes;
    this.api = api;
    this.events = events;
    this.clock = clock;
  }

  /// After a time without the lead: what was seen before may have been otherwise in between.
  void forget() {
    noticed.clear();
  }

  @Override
  public Result reconcile(Key key) {
    @Nullable Pod pod = pods.get(key.namespace(), key.name());
    @Nullable String nodeName = pod == null ? null : pod.getSpec().getNodeName();
    @Nullable Node node = nodeName == null ? null : nodes.get("", nodeName);
    if (pod == null || node == null || hasGone(pod)) {
      noticed.remove(key.toString());
      return Result.DONE;
    }
    Optional<Duration> time = tolerated(noExecute(node), pod.getSpec().getTolerations());
    if (time.isEmpty()) {
      if (noticed.remove(key.toString()) != null) {
        events.normal(pod, "TaintManagerEviction", "Cancelling deletion of Pod " + key);
      }
      return Result.DONE;
    }
    Instant now = clock.instant();
    Instant since = noticed.computeIfAbsent(key.toString(), _ -> now);
    Duration left = Duration.between(now, since.plus(time.get()));
    if (left.isPositive()) {
      return Result.after(left);
    }
    events.normal(pod, "TaintManagerEviction", "Marking for deletion Pod " + key);
    evict(pod, now);
    return Result.DONE;
  }

  /// Whether a pod is being deleted because of a taint already. One that is for other reasons is
  /// told of the taint all the same.
  private static boolean hasGone(Pod pod) {
    return pod.getMetadata().getDeletionTimestamp() != null
        && pod.getStatus() != null
        && pod.getStatus().getConditions().stream()
            .anyMatch(each -> TYPE.equals(each.getType()) && REASON.equals(each.getReason()));
  }

  static boolean isTainted(@Nullable Node node) {
    return node != null && !noExecute(node).isEmpty();
  }

  private static List<Taint> noExecute(Node node) {
    return node.getSpec() == null
        ? List.of()
        : node.getSpec().getTaints().stream()
            .filter(taint -> "NoExecute".equals(taint.getEffect()))
            .toList();
  }

  /// How long a pod with these tolerations may stay, empty for always.
  static Optional<Duration> tolerated(List<Taint> taints, List<Toleration> tolerations) {
    Optional<Duration> least = Optional.empty();
    for (Taint taint : taints) {
      List<Toleration> matching =
          tolerations.stream().filter(each -> Tolerance.of(each, taint)).toList();
      if (matching.isEmpty()) {
        return Optional.of(Duration.ZERO);
      }
      for (Toleration each : matching) {
        @Nullable Long seconds = each.getTolerationSeconds();
        if (seconds != null) {
          Duration time = Duration.ofSeconds(Math.max(0, seconds));
          least = least.filter(known -> known.compareTo(time) <= 0).or(() -> Optional.of(time));
        }
      }
    }
    return least;
  }

  private void evict(Pod pod, Instant now) {
    String path =
        Api.path(Pod.class, pod.getMetadata().getNamespace(), pod.getMetadata().getName());
    String uid = pod.getMetadata().getUid();
    ObjectNode patch =
        Disruption.patch(pod, REASON, "Taint manager: deleting due to NoExecute taint", now);
    ObjectNode options = Api.object();
    options.putObject("preconditions").put("uid", uid);
    try {
      api.patchStrategic(path + "/status", patch);
      api.delete(path, options);
    } catch (Api.RefusedException e) {
      if (!e.isGone()) {
        throw e;
      }
    }
  }
}
