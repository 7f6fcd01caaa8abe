// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Controller;
import dev.havn.reconcile.Events;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Informers;
import dev.havn.reconcile.Reconciler;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import java.time.Duration;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.ScheduledExecutorService;
import org.jspecify.annotations.Nullable;

/// Binds each pod without a node to the node that fits best. A node is chosen for one pod at a
/// time; the bindings are written side by side.
///
/// A pod that fits nowhere is looked at again when a node comes or changes or a pod goes, at the
/// earliest after a pause that doubles from 1 s to 10 s, and after five minutes at the latest.
public final class Scheduler implements Reconciler, AutoCloseable {
  private static final String NAME = "default-scheduler";
  private static final Duration UNSYNCED = Duration.ofMillis(50);
  private static final Duration RETRY_AT_THE_LATEST = Duration.ofMinutes(5);
  private static final int WORKERS = 4;

  private final Informer<Pod> pods;
  private final Informer<Node> nodes;
  private final Api api;
  private final Events events;
  private final InstantSource clock;
  private final Controller controller;
  private final Placements placements = new Placements();
  private final Choice choice = new Choice();
  private final Unplaced unplaced;

  public Scheduler(
      Informers informers, Api api, InstantSource clock, ScheduledExecutorService executor) {
    this.pods = informers.podOutlines();
    this.nodes = informers.of(Node.class);
    this.api = api;
    this.events = new Events(api, NAME, "", clock);
    this.clock = clock;
    this.controller = new Controller("scheduler", this, executor, WORKERS);
    this.unplaced = new Unplaced(clock, controller);
    nodes.onChange(this::nodeChanged);
    pods.onChange(this::podChanged);
  }

  /// Places pods only while it leads; what it knows of nodes is kept up to date always.
  public void lead(boolean leads) {
    if (leads) {
      controller.resume();
    } else {
      controller.pause();
    }
  }

  public Controller.Counts counts() {
    return controller.counts();
  }

  private void nodeChanged(@Nullable Node before, @Nullable Node after) {
    if (after != null) {
      placements.put(after);
      boolean matters = before == null || Choice.mayFitMore(before, after);
      if (matters) {
        unplaced.retry();
      }
    } else if (before != null) {
      placements.remove(before);
    }
  }

  private void podChanged(@Nullable Pod before, @Nullable Pod after) {
    if (before != null && (after == null || !uid(before).equals(uid(after)))) {
      gone(before);
    }
    if (after == null) {
      return;
    }
    if (isFinished(after)) {
      gone(after);
    } else if (isBound(after)) {
      placements.put(after);
      unplaced.forget(Informer.keyOf(after));
    } else if (isPending(after)) {
      boolean changed =
          before == null || !before.getMetadata().getGeneration().equals(generation(after));
      if (changed) {
        controller.add(Informer.keyOf(after));
      }
    }
  }

  private static @Nullable Long generation(Pod pod) {
    return pod.getMetadata().getGeneration();
  }

  private void gone(Pod pod) {
    unplaced.forget(Informer.keyOf(pod));
    if (placements.free(uid(pod))) {
      unplaced.retry();
    }
  }

  private static String uid(Pod pod) {
    return pod.getMetadata().getUid();
  }

  private static boolean isBound(Pod pod) {
    String node = pod.getSpec().getNodeName();
    return node != null && !node.isEmpty();
  }

  private static boolean isPending(Pod pod) {
    return !isBound(pod)
        && pod.getMetadata().getDeletionTimestamp() == null
        && NAME.equals(pod.getSpec().getSchedulerName())
        && !isFinished(pod);
  }

  private static boolean isFinished(Pod pod) {
    String phase = pod.getStatus() == null ? "" : String.valueOf(pod.getStatus().getPhase());
    return phase.equals("Succeeded") || phase.equals("Failed");
  }

  @Override
  public Result reconcile(Key key) {
    if (!pods.hasSynced() || !nodes.hasSynced()) {
      return Result.after(UNSYNCED);
    }
    @Nullable Pod pod = pods.get(key.namespace(), key.name());
    if (pod == null || !isPending(pod) || placements.isPlaced(uid(pod))) {
      return Result.DONE;
    }
    if (pod.getSpec().getSchedulingGates() != null
        && !pod.getSpec().getSchedulingGates().isEmpty()) {
      condition(pod, "SchedulingGated", "Scheduling is blocked due to non-empty scheduling gates");
      return Result.DONE;
    }
    Demand demand = Demand.of(pod);
    Filters.Candidate candidate = new Filters.Candidate(pod, demand);
    Diagnosis diagnosis = new Diagnosis();
    @Nullable NodeState chosen =
        placements.place(pod, demand, all -> choice.of(candidate, all, diagnosis));
    if (chosen == null) {
      condition(pod, "Unschedulable", diagnosis.message());
      events.warning(pod, "FailedScheduling", diagnosis.message());
      unplaced.add(key);
      return Result.after(RETRY_AT_THE_LATEST);
    }
    bind(pod, chosen.name());
    return Result.DONE;
  }

  private void bind(Pod pod, String node) {
    ObjectNode binding = Api.object().put("kind", "Binding").put("apiVersion", "v1");
    binding
        .putObject("metadata")
        .put("name", pod.getMetadata().getName())
        .put("namespace", pod.getMetadata().getNamespace())
        .put("uid", uid(pod));
    binding.putObject("target").put("kind", "Node").put("name", node);
    try {
      api.create(path(pod) + "/binding", binding.toString());
    } catch (RuntimeException e) {
      placements.free(uid(pod));
      throw e;
    }
    events.normal(
        pod,
        "Scheduled",
        "Successfully assigned %s/%s to %s"
            .formatted(pod.getMetadata().getNamespace(), pod.getMetadata().getName(), node));
  }

  private static String path(Pod pod) {
    return Api.path(Pod.class, pod.getMetadata().getNamespace(), pod.getMetadata().getName());
  }

  private void condition(Pod pod, String reason, String message) {
    boolean same =
        pod.getStatus() != null
            && pod.getStatus().getConditions().stream()
                .anyMatch(
                    each ->
                        each.getType().equals("PodScheduled")
                            && reason.equals(each.getReason())
                            && message.equals(each.getMessage()));
    if (same) {
      return;
    }
    ObjectNode patch = Api.object();
    ObjectNode condition =
        patch
            .putObject("status")
            .putArray("conditions")
            .addObject()
            .put("type", "PodScheduled")
            .put("status", "False");
    if (generation(pod) != null) {
      condition.put("observedGeneration", generation(pod));
    }
    condition
        .putNull("lastProbeTime")
        .put("lastTransitionTime", clock.instant().truncatedTo(ChronoUnit.SECONDS).toString())
        .put("reason", reason)
        .put("message", message);
    api.merge(path(pod) + "/status", patch);
  }

  @Override
  public void close() {
    controller.close();
  }
}
