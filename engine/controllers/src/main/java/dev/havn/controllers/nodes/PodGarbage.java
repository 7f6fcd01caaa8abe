// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.nodes;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.controllers.replicas.PodState;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Reconciler;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Removes pods that nobody else will: those whose node is gone for [#QUARANTINE], those that end
/// and were never on a node or whose node is out of service, and the finished ones that are more
/// than are kept: first those that were evicted, then the oldest. One look at everything, every
/// [#LOOK_EVERY].
public final class PodGarbage implements Reconciler {
  private static final Logger LOG = LoggerFactory.getLogger(PodGarbage.class);

  /// The one key.
  public static final Key ALL = new Key("", "pods");

  /// Finished pods that are kept, also ones that end; Kubernetes' `--terminated-pod-gc-threshold`.
  public static final int FINISHED_MAX = 12_500;

  private static final String OUT_OF_SERVICE = "node.kubernetes.io/out-of-service";
  static final Duration QUARANTINE = Duration.ofSeconds(40);
  static final Duration LOOK_EVERY = Duration.ofSeconds(20);

  /// What is evicted would be made anew for as long as its node is full, and would drive out what
  /// ended by itself.
  private static final Comparator<Pod> FIRST_TO_GO =
      Comparator.comparing((Pod pod) -> !isEvicted(pod))
          .thenComparing(pod -> pod.getMetadata().getCreationTimestamp())
          .thenComparing(pod -> pod.getMetadata().getName());

  private final Informer<Pod> pods;
  private final Informer<Node> nodes;
  private final Api api;
  private final InstantSource clock;
  private final int finishedMax;

  /// Since when a node with pods is missing.
  private final Map<String, Instant> missing = new HashMap<>();

  /// Why pods cannot be removed, by uid.
  private final Map<String, String> stuck = new HashMap<>();

  /// @param finishedMax finished pods that are kept, usually [#FINISHED_MAX]; 0 or less for all
  public PodGarbage(
      Informer<Pod> pods, Informer<Node> nodes, Api api, InstantSource clock, int finishedMax) {
    this.pods = pods;
    this.nodes = nodes;
    this.api = api;
    this.clock = clock;
    this.finishedMax = finishedMax;
  }

  @Override
  public Result reconcile(Key key) {
    List<Pod> all = pods.list();
    orphans(all);
    for (Pod pod : all) {
      if (PodState.isTerminating(pod) && hasNobody(pod)) {
        Disruption.fail(api, pod, "", "", clock.instant());
        delete(pod);
      }
    }
    if (finishedMax > 0) {
      List<Pod> finished = all.stream().filter(PodState::isFinished).sorted(FIRST_TO_GO).toList();
      finished.stream().limit(Math.max(0, finished.size() - finishedMax)).forEach(this::delete);
    }
    stuck.keySet().retainAll(all.stream().map(pod -> pod.getMetadata().getUid()).toList());
    return Result.after(LOOK_EVERY);
  }

  private static boolean isEvicted(Pod pod) {
    return PodState.phase(pod).equals("Failed") && "Evicted".equals(pod.getStatus().getReason());
  }

  /// Whether no node will ever say that the pod is gone: it was never on one, or its node is out of
  /// service (KEP-2268).
  private boolean hasNobody(Pod pod) {
    @Nullable String name = pod.getSpec().getNodeName();
    if (name == null || name.isEmpty()) {
      return true;
    }
    @Nullable Node node = nodes.get("", name);
    return node != null
        && !NodeTaints.readiness(node).equals("True")
        && node.getSpec().getTaints().stream()
            .anyMatch(taint -> taint.getKey().equals(OUT_OF_SERVICE));
  }

  private void orphans(List<Pod> all) {
    Instant now = clock.instant();
    Map<String, Instant> before = Map.copyOf(missing);
    missing.clear();
    for (Pod pod : all) {
      @Nullable String name = pod.getSpec().getNodeName();
      if (name != null && !name.isEmpty() && nodes.get("", name) == null) {
        missing.put(name, before.getOrDefault(name, now));
      }
    }
    for (Pod pod : all) {
      @Nullable String name = pod.getSpec().getNodeName();
      @Nullable Instant since = name == null ? null : missing.get(name);
      if (name != null && since != null && !since.plus(QUARANTINE).isAfter(now)) {
        remove(pod, () -> orphan(pod, name, now));
      }
    }
  }

  private void orphan(Pod pod, String node, Instant now) {
    if (api.find(Api.path(Node.class, "", node)).isEmpty()) {
      Disruption.fail(api, pod, "DeletionByPodGC", "PodGC: node no longer exists", now);
      deleteNow(pod);
    }
  }

  private void delete(Pod pod) {
    remove(pod, () -> deleteNow(pod));
  }

  /// A pod that cannot be removed keeps no other from it, and is told of once.
  private void remove(Pod pod, Runnable how) {
    String uid = pod.getMetadata().getUid();
    try {
      how.run();
      stuck.remove(uid);
    } catch (Api.RefusedException e) {
      String why = String.valueOf(e.getMessage());
      if (!why.equals(stuck.put(uid, why))) {
        LOG.info("pod {} is not removed: {}", Informer.keyOf(pod), why);
      }
    }
  }

  private void deleteNow(Pod pod) {
    ObjectNode options = Api.object().put("gracePeriodSeconds", 0);
    options.putObject("preconditions").put("uid", pod.getMetadata().getUid());
    api.delete(NodeLifecycle.podPath(pod), options);
  }
}
