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
import java.util.Optional;
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

  /// Why the node can never give a pod what it asks for, empty when it can.
  Optional<String> infeasible(Pod pod) {
    for (String name : List.of("cpu", "memory")) {
      BigDecimal sum =
          pod.getSpec().getContainers().stream()
              .map(each -> ContainerResources.request(each.getResources(), name))
              .reduce(BigDecimal.ZERO, BigDecimal::add);
      BigDecimal most = capacity.getOrDefault(name, sum);
      if (sum.compareTo(most) > 0) {
        BigDecimal unit = name.equals("cpu") ? BigDecimal.valueOf(1_000) : BigDecimal.ONE;
        return Optional.of(
            "Node didn't have enough capacity: %s, requested: %d, capacity: %d"
                .formatted(name, sum.multiply(unit).longValue(), most.multiply(unit).longValue()));
      }
    }
    return Optional.empty();
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
