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
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ScheduledExecutorService;
import org.jspecify.annotations.Nullable;

/// Binds each pod without a node to the node that fits best. One pod at a time; what was bound and
/// is not yet seen in the cache counts as taken.
public final class Scheduler implements Reconciler, AutoCloseable {
  private static final String NAME = "default-scheduler";
  private static final Duration RETRY = Duration.ofMinutes(5);

  private final Informer<Pod> pods;
  private final Informer<Node> nodes;
  private final Api api;
  private final Events events;
  private final InstantSource clock;
  private final Controller controller;
  private final Map<String, Pod> assumed = new HashMap<>();

  public Scheduler(
      Informers informers, Api api, InstantSource clock, ScheduledExecutorService executor) {
    this.pods = informers.of(Pod.class);
    this.nodes = informers.of(Node.class);
    this.api = api;
    this.events = new Events(api, NAME, "", clock);
    this.clock = clock;
    this.controller = new Controller("scheduler", this, executor, 1);
    pods.onChange(this::podChanged);
    nodes.onChange((_, _) -> retryPending());
  }

  private void podChanged(@Nullable Pod before, @Nullable Pod after) {
    if (after != null && isPending(after)) {
      controller.add(Informer.keyOf(after));
    }
    boolean freed =
        before != null
            && before.getSpec().getNodeName() != null
            && (after == null || isFinished(after));
    if (freed) {
      retryPending();
    }
  }

  private void retryPending() {
    pods.list().stream()
        .filter(Scheduler::isPending)
        .forEach(pod -> controller.add(Informer.keyOf(pod)));
  }

  private static boolean isPending(Pod pod) {
    return (pod.getSpec().getNodeName() == null || pod.getSpec().getNodeName().isEmpty())
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
      return Result.after(Duration.ofMillis(50));
    }
    @Nullable Pod pod = pods.get(key.namespace(), key.name());
    if (pod == null || !isPending(pod) || assumed.containsKey(pod.getMetadata().getUid())) {
      return Result.DONE;
    }
    if (pod.getSpec().getSchedulingGates() != null
        && !pod.getSpec().getSchedulingGates().isEmpty()) {
      condition(pod, "SchedulingGated", "Scheduling is blocked due to non-empty scheduling gates");
      return Result.DONE;
    }
    Map<String, NodeState> states = states();
    Map<String, Integer> reasons = new TreeMap<>();
    List<NodeState> feasible = new ArrayList<>();
    for (NodeState state : states.values()) {
      List<String> problems = Filters.problems(pod, state);
      if (problems.isEmpty()) {
        feasible.add(state);
      } else {
        problems.forEach(problem -> reasons.merge(problem, 1, Integer::sum));
      }
    }
    if (feasible.isEmpty()) {
      unschedulable(pod, states.size(), reasons);
      return Result.after(RETRY);
    }
    bind(pod, Scores.best(pod, feasible));
    return Result.DONE;
  }

  private Map<String, NodeState> states() {
    Map<String, NodeState> states = new TreeMap<>();
    nodes.list().forEach(node -> states.put(node.getMetadata().getName(), new NodeState(node)));
    for (Pod pod : pods.list()) {
      @Nullable String node = pod.getSpec().getNodeName();
      if (node != null && !node.isEmpty()) {
        assumed.remove(pod.getMetadata().getUid());
        @Nullable NodeState state = states.get(node);
        if (state != null && !isFinished(pod)) {
          state.add(pod);
        }
      }
    }
    assumed
        .values()
        .removeIf(
            pod -> pods.get(pod.getMetadata().getNamespace(), pod.getMetadata().getName()) == null);
    for (Pod pod : assumed.values()) {
      @Nullable NodeState state = states.get(pod.getSpec().getNodeName());
      if (state != null) {
        state.add(pod);
      }
    }
    return states;
  }

  private void bind(Pod pod, NodeState state) {
    String node = state.name();
    ObjectNode binding = Api.object().put("kind", "Binding").put("apiVersion", "v1");
    binding
        .putObject("metadata")
        .put("name", pod.getMetadata().getName())
        .put("namespace", pod.getMetadata().getNamespace())
        .put("uid", pod.getMetadata().getUid());
    binding.putObject("target").put("kind", "Node").put("name", node);
    api.create(path(pod) + "/binding", binding.toString());
    assumed.put(
        pod.getMetadata().getUid(),
        new io.fabric8.kubernetes.api.model.PodBuilder(pod)
            .editSpec()
            .withNodeName(node)
            .endSpec()
            .build());
    events.normal(
        pod,
        "Scheduled",
        "Successfully assigned %s/%s to %s"
            .formatted(pod.getMetadata().getNamespace(), pod.getMetadata().getName(), node));
  }

  private static String path(Pod pod) {
    return Api.path(Pod.class, pod.getMetadata().getNamespace(), pod.getMetadata().getName());
  }

  private void unschedulable(Pod pod, int total, Map<String, Integer> reasons) {
    StringBuilder message = new StringBuilder("0/" + total + " nodes are available");
    List<String> parts = new ArrayList<>();
    reasons.forEach((reason, count) -> parts.add(count + " " + reason));
    if (total == 0) {
      message = new StringBuilder("no nodes available to schedule pods");
    } else {
      message.append(": ").append(String.join(", ", parts)).append('.');
      message.append(" preemption: 0/").append(total);
      message.append(" nodes are available: ").append(total);
      message.append(" Preemption is not helpful for scheduling.");
    }
    condition(pod, "Unschedulable", message.toString());
    events.warning(pod, "FailedScheduling", message.toString());
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
    patch
        .putObject("status")
        .putArray("conditions")
        .addObject()
        .put("type", "PodScheduled")
        .put("status", "False")
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
