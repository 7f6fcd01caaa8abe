// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.node.runtime.ContainerRuntime.Container;
import dev.havn.reconcile.Api;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.api.model.PodReadinessGate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The conditions of a pod that a node speaks of. Others' conditions are theirs.
final class PodConditions {
  private static final String RESIZING = "PodResizeInProgress";

  /// What a node may set, and takes away when it no longer holds.
  static final List<String> TYPES =
      List.of(
          "PodReadyToStartContainers",
          "Initialized",
          "Ready",
          "ContainersReady",
          "PodScheduled",
          Allocations.PENDING,
          RESIZING,
          "AllContainersRestarting");

  private final Pod pod;
  private final PodStatusOf.Observed observed;
  private final String now;
  private final ArrayNode conditions = Api.object().arrayNode();

  PodConditions(Pod pod, PodStatusOf.Observed observed, String now) {
    this.pod = pod;
    this.observed = observed;
    this.now = now;
  }

  /// What holds, and why something does not.
  private record Answer(boolean holds, String reason, String message) {
    static final Answer YES = new Answer(true, "", "");
  }

  ArrayNode json(String phase) {
    boolean placed = !observed.address().isEmpty() && !PodStatusOf.isOver(phase);
    Answer containersReady = containersReady(phase);
    add("PodReadyToStartContainers", new Answer(placed, "", ""));
    add("Initialized", initialized(phase));
    add("Ready", containersReady.holds() ? gates() : containersReady);
    add("ContainersReady", containersReady);
    add("PodScheduled", Answer.YES);
    if (Restarts.mayBeOfAll(pod)) {
      add("AllContainersRestarting", startsOver(phase));
    }
    PodStatusOf.@Nullable Ending ending = observed.ending();
    if (ending != null && ending.kind() == PodStatusOf.Ending.Kind.BY_NODE) {
      add("DisruptionTarget", new Answer(true, "TerminationByKubelet", ending.message()));
    }
    if (!PodStatusOf.isOver(phase)) {
      resize(observed.resize());
    }
    return conditions;
  }

  private void resize(PodStatusOf.Resize resize) {
    PodStatusOf.@Nullable Waiting waits = resize.waits();
    if (waits != null) {
      add(Allocations.PENDING, new Answer(true, waits.reason(), waits.message()));
    }
    Resizes.@Nullable Progress progress = resize.progress();
    if (progress != null) {
      add(RESIZING, new Answer(true, progress.reason(), progress.message()), progress.generation());
    }
  }

  private Answer startsOver(String phase) {
    return switch (phase) {
      case "Succeeded" -> new Answer(false, "PodCompleted", "");
      case "Failed" -> new Answer(false, "PodFailed", "");
      default ->
          observed.startsOver()
              ? new Answer(
                  true, "RestartAllContainersStarted", "container exited with restart policy rule")
              : new Answer(false, "", "");
    };
  }

  private Answer initialized(String phase) {
    if (phase.equals("Succeeded")) {
      return new Answer(true, "PodCompleted", "");
    }
    return isInitialized()
        ? Answer.YES
        : new Answer(
            false,
            "ContainersNotInitialized",
            "containers with incomplete status: " + names(pod.getSpec().getInitContainers(), true));
  }

  private Answer containersReady(String phase) {
    boolean ready =
        isInitialized()
            && pod.getSpec().getContainers().stream()
                .allMatch(each -> observed.isReady(each.getName()));
    return switch (phase) {
      case "Succeeded" -> new Answer(false, "PodCompleted", "");
      case "Failed" -> new Answer(false, "PodFailed", "");
      default ->
          ready
              ? Answer.YES
              : new Answer(
                  false,
                  "ContainersNotReady",
                  "containers with unready status: " + names(pod.getSpec().getContainers(), false));
    };
  }

  /// What others must have said before the pod is ready (KEP-580).
  private Answer gates() {
    List<String> problems = new ArrayList<>();
    for (PodReadinessGate gate : pod.getSpec().getReadinessGates()) {
      String type = gate.getConditionType();
      Optional<PodCondition> found = stored(type);
      if (found.isEmpty()) {
        problems.add(
            "corresponding condition of pod readiness gate \"%s\" does not exist.".formatted(type));
      } else if (!found.get().getStatus().equals("True")) {
        problems.add(
            "the status of pod readiness gate \"%s\" is not \"True\", but %s"
                .formatted(type, found.get().getStatus()));
      }
    }
    return problems.isEmpty()
        ? Answer.YES
        : new Answer(false, "ReadinessGatesNotReady", String.join(", ", problems));
  }

  private String names(List<io.fabric8.kubernetes.api.model.Container> containers, boolean init) {
    List<String> names = new ArrayList<>();
    for (var container : containers) {
      boolean fine = init ? isInitialized(container) : observed.isReady(container.getName());
      if (!fine) {
        names.add(container.getName());
      }
    }
    return "[" + String.join(" ", names) + "]";
  }

  private boolean isInitialized(io.fabric8.kubernetes.api.model.Container container) {
    @Nullable Container latest = observed.latest().get(container.getName());
    if (latest == null) {
      return false;
    }
    return "Always".equals(container.getRestartPolicy())
        ? observed.isStarted(container.getName())
        : !latest.running() && latest.exitCode() == 0;
  }

  private boolean isInitialized() {
    return pod.getSpec().getInitContainers().stream().allMatch(this::isInitialized);
  }

  private Optional<PodCondition> stored(String type) {
    return pod.getStatus() == null
        ? Optional.empty()
        : pod.getStatus().getConditions().stream()
            .filter(each -> each.getType().equals(type))
            .findFirst();
  }

  private void add(String type, Answer answer) {
    add(type, answer, pod.getMetadata().getGeneration());
  }

  private void add(String type, Answer answer, @Nullable Long generation) {
    String status = answer.holds() ? "True" : "False";
    String since =
        stored(type)
            .filter(before -> before.getStatus().equals(status))
            .map(PodCondition::getLastTransitionTime)
            .orElse(now);
    ObjectNode condition = conditions.addObject().put("type", type).put("status", status);
    if (!type.equals("PodScheduled")) {
      condition.put("observedGeneration", generation);
    }
    condition.putNull("lastProbeTime").put("lastTransitionTime", since);
    if (!answer.reason().isEmpty()) {
      condition.put("reason", answer.reason());
    }
    if (!answer.message().isEmpty()) {
      condition.put("message", answer.message());
    }
  }
}
