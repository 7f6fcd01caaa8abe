// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import dev.havn.node.runtime.ContainerRuntime;
import dev.havn.node.runtime.ContainerRuntime.StartException;
import dev.havn.reconcile.Events;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerResizePolicy;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Resizing in place (KEP-1287): running containers get the bounds that their spec has now.
final class Resizes {
  private final ContainerRuntime runtime;
  private final Events events;
  private final Map<String, BigDecimal> capacity;

  /// What comes of a wish.
  enum Outcome {
    /// the container has what it should have
    DONE,
    /// it must end, and gets its bounds at the next start
    RESTART,
    /// it keeps what it has
    REFUSED
  }

  /// @param capacity of the node, by resource
  Resizes(ContainerRuntime runtime, Events events, Map<String, BigDecimal> capacity) {
    this.runtime = runtime;
    this.events = events;
    this.capacity = capacity;
  }

  /// Why a pod does not get now what it asks for: it never can on this node, or others would have
  /// to leave first; null when it can.
  ///
  /// @param all pods of the node
  PodStatusOf.@Nullable Waiting pending(Pod pod, List<Pod> all) {
    return pending(pod, all, capacity);
  }

  static PodStatusOf.@Nullable Waiting pending(
      Pod pod, List<Pod> all, Map<String, BigDecimal> capacity) {
    for (String name : List.of("cpu", "memory")) {
      BigDecimal wanted = ContainerResources.requestOfPod(pod, name);
      BigDecimal most = capacity.getOrDefault(name, wanted);
      if (wanted.compareTo(most) > 0) {
        return new PodStatusOf.Waiting(
            "Infeasible",
            "Node didn't have enough capacity: %s, requested: %d, capacity: %d"
                .formatted(name, number(name, wanted), number(name, most)));
      }
      BigDecimal used =
          all.stream()
              .filter(each -> takes(each) && !isSame(each, pod))
              .map(each -> ContainerResources.requestOfPod(each, name))
              .reduce(BigDecimal.ZERO, BigDecimal::add);
      if (used.add(wanted).compareTo(most) > 0) {
        return new PodStatusOf.Waiting(
            "Deferred",
            "Node didn't have enough resource: %s, requested: %d, used: %d, capacity: %d"
                .formatted(name, number(name, wanted), number(name, used), number(name, most)));
      }
    }
    return null;
  }

  private static long number(String name, BigDecimal amount) {
    return name.equals("cpu")
        ? amount.multiply(BigDecimal.valueOf(1_000)).longValue()
        : amount.longValue();
  }

  private static boolean takes(Pod pod) {
    return pod.getStatus() == null
        || !PodStatusOf.isOver(String.valueOf(pod.getStatus().getPhase()));
  }

  private static boolean isSame(Pod one, Pod other) {
    return one.getMetadata().getUid().equals(other.getMetadata().getUid());
  }

  /// @param applied what the container has, null when nobody knows
  Outcome resize(
      Pod pod,
      Container spec,
      ContainerRuntime.Container running,
      @Nullable ResourceRequirements applied) {
    if (applied != null && ContainerResources.same(spec.getResources(), applied)) {
      return Outcome.DONE;
    }
    if (applied != null && mustRestart(spec, applied)) {
      return Outcome.RESTART;
    }
    try {
      runtime.resize(
          pod.getMetadata().getUid(),
          running.id(),
          ContainerResources.of(pod, spec, Machine.memoryBytes()));
      return Outcome.DONE;
    } catch (StartException e) {
      events.warning(pod, "ResizeError", String.valueOf(e.getMessage()));
      return Outcome.REFUSED;
    }
  }

  static boolean mustRestart(Container spec, ResourceRequirements applied) {
    for (ContainerResizePolicy policy : spec.getResizePolicy()) {
      if ("RestartContainer".equals(policy.getRestartPolicy())
          && !ContainerResources.same(
              spec.getResources(), applied, String.valueOf(policy.getResourceName()))) {
        return true;
      }
    }
    return false;
  }
}
