// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.replicas;

import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What a controller asks of a pod's status.
public final class PodState {
  private PodState() {}

  /// Neither finished nor being deleted.
  public static boolean isActive(Pod pod) {
    return !isFinished(pod) && !isTerminating(pod);
  }

  /// Succeeded or Failed.
  public static boolean isFinished(Pod pod) {
    return switch (phase(pod)) {
      case "Succeeded", "Failed" -> true;
      default -> false;
    };
  }

  public static boolean isTerminating(Pod pod) {
    return pod.getMetadata().getDeletionTimestamp() != null;
  }

  public static boolean isReady(Pod pod) {
    return readyCondition(pod).filter(c -> c.getStatus().equals("True")).isPresent();
  }

  /// Ready for at least `minReady`.
  public static boolean isAvailable(Pod pod, Duration minReady, Instant now) {
    return isReady(pod)
        && (minReady.isZero()
            || readySince(pod).map(since -> !since.plus(minReady).isAfter(now)).orElse(false));
  }

  /// When it became Ready, if it is.
  public static Optional<Instant> readySince(Pod pod) {
    return readyCondition(pod)
        .filter(c -> c.getStatus().equals("True"))
        .map(PodCondition::getLastTransitionTime)
        .map(Instant::parse);
  }

  /// When it became Ready or ceased to be.
  public static Optional<Instant> readinessSince(Pod pod) {
    return readyCondition(pod).map(PodCondition::getLastTransitionTime).map(Instant::parse);
  }

  /// `Pending` when the status says nothing.
  public static String phase(Pod pod) {
    if (pod.getStatus() == null || pod.getStatus().getPhase() == null) {
      return "Pending";
    }
    return pod.getStatus().getPhase();
  }

  static int restarts(Pod pod) {
    if (pod.getStatus() == null) {
      return 0;
    }
    return pod.getStatus().getContainerStatuses().stream()
        .mapToInt(status -> status.getRestartCount() == null ? 0 : status.getRestartCount())
        .max()
        .orElse(0);
  }

  /// The owner that manages the pod, or null.
  public static @Nullable OwnerReference controller(Pod pod) {
    for (OwnerReference owner : pod.getMetadata().getOwnerReferences()) {
      if (Boolean.TRUE.equals(owner.getController())) {
        return owner;
      }
    }
    return null;
  }

  private static Optional<PodCondition> readyCondition(Pod pod) {
    if (pod.getStatus() == null) {
      return Optional.empty();
    }
    // Asked of all pods of a set whenever one changes.
    for (PodCondition each : pod.getStatus().getConditions()) {
      if (each.getType().equals("Ready")) {
        return Optional.of(each);
      }
    }
    return Optional.empty();
  }
}
