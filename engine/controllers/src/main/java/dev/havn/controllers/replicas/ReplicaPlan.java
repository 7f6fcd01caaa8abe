// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.replicas;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// What a set of replicas needs: computed from what is observed, applied elsewhere.
///
/// @param create how many pods to make
/// @param delete pods to delete
/// @param counts for the status, from the pods that are there now
/// @param again when availability may change by itself, or null
public record ReplicaPlan(int create, List<Pod> delete, Counts counts, @Nullable Duration again) {

  /// Pods made or deleted in one go.
  static final int BURST_PODS_MAX = 500;

  /// What is the same for a ReplicaSet and a ReplicationController.
  ///
  /// @param selector whether labels belong to the set
  public record Desired(
      boolean deleted,
      int replicas,
      Duration minReady,
      Predicate<Map<String, String>> selector,
      PodTemplateSpec template) {}

  /// Numbers of a status.
  public record Counts(int replicas, int fullyLabeled, int ready, int available, int terminating) {}

  /// Whether pods are neither made nor deleted.
  boolean isCountOnly() {
    return create == 0 && delete.isEmpty();
  }

  /// @param active pods of the set
  /// @param terminating how many others of its pods are being deleted
  /// @param related pods of all sets of the same owner
  static ReplicaPlan of(
      Desired desired,
      List<Pod> active,
      int terminating,
      Supplier<List<Pod>> related,
      Instant now) {
    int create = 0;
    List<Pod> delete = List.of();
    if (!desired.deleted()) {
      int missing = desired.replicas() - active.size();
      create = Math.clamp(missing, 0, BURST_PODS_MAX);
      if (missing < 0) {
        delete =
            DeletionOrder.choose(active, related.get(), Math.min(-missing, BURST_PODS_MAX), now);
      }
    }
    return new ReplicaPlan(
        create, delete, count(desired, active, terminating, now), again(desired, active, now));
  }

  private static Counts count(Desired desired, List<Pod> active, int terminating, Instant now) {
    Map<String, String> labels =
        desired.template().getMetadata() == null
            ? Map.of()
            : nonNull(desired.template().getMetadata().getLabels());
    int fullyLabeled = 0;
    int ready = 0;
    int available = 0;
    for (Pod pod : active) {
      fullyLabeled += hasAll(labels(pod), labels) ? 1 : 0;
      if (PodState.isReady(pod)) {
        ready++;
        available += PodState.isAvailable(pod, desired.minReady(), now) ? 1 : 0;
      }
    }
    return new Counts(active.size(), fullyLabeled, ready, available, terminating);
  }

  private static @Nullable Duration again(Desired desired, List<Pod> active, Instant now) {
    if (desired.minReady().isZero()) {
      return null;
    }
    return active.stream()
        .filter(pod -> !PodState.isAvailable(pod, desired.minReady(), now))
        .flatMap(pod -> PodState.readySince(pod).stream())
        .map(since -> Duration.between(now, since.plus(desired.minReady())))
        .min(Duration::compareTo)
        .orElse(null);
  }

  private static boolean hasAll(Map<String, String> labels, Map<String, String> wanted) {
    for (Map.Entry<String, String> each : wanted.entrySet()) {
      if (!each.getValue().equals(labels.get(each.getKey()))) {
        return false;
      }
    }
    return true;
  }

  static Map<String, String> labels(Pod pod) {
    return nonNull(pod.getMetadata().getLabels());
  }

  private static Map<String, String> nonNull(@Nullable Map<String, String> map) {
    return map == null ? Map.of() : map;
  }
}
