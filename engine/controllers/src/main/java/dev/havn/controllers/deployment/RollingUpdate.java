// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.deployment;

import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.ReplicaSet;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// One step of a rolling update: up with the new ReplicaSet as far as the surge allows, else down
/// with the old ones as far as availability allows.
final class RollingUpdate {
  private RollingUpdate() {}

  /// New sizes by ReplicaSet name; sets that keep their size are left out.
  static Map<String, Integer> step(
      Deployment deployment, ReplicaSet current, List<ReplicaSet> old) {
    int wanted = sizeOfNew(deployment, current, old);
    if (wanted != Desired.replicas(current)) {
      return Map.of(current.getMetadata().getName(), wanted);
    }
    return shrinkOld(deployment, current, old);
  }

  /// How large the new set may be now.
  static int sizeOfNew(Deployment deployment, @Nullable ReplicaSet current, List<ReplicaSet> old) {
    int desired = Desired.replicas(deployment);
    int now = current == null ? 0 : Desired.replicas(current);
    if (!Desired.isRolling(deployment)) {
      return desired;
    }
    if (now >= desired) {
      return desired;
    }
    long most = (long) desired + Surge.of(deployment).maxSurge();
    long total = now + old.stream().mapToLong(Desired::replicas).sum();
    return total >= most ? now : now + (int) Math.min(most - total, desired - now);
  }

  private static Map<String, Integer> shrinkOld(
      Deployment deployment, ReplicaSet current, List<ReplicaSet> old) {
    long oldPods = old.stream().mapToLong(Desired::replicas).sum();
    if (oldPods == 0) {
      return Map.of();
    }
    long total = oldPods + Desired.replicas(current);
    int least = Desired.replicas(deployment) - Surge.of(deployment).maxUnavailable();
    int unavailableOfNew = Desired.replicas(current) - Desired.availableReplicas(current);
    long spare = total - least - unavailableOfNew;
    if (spare <= 0) {
      return Map.of();
    }
    Map<String, Integer> sizes = new LinkedHashMap<>();
    removeUnhealthy(old, spare, sizes);
    removeAvailable(current, old, least, sizes);
    return sizes;
  }

  /// Pods of old sets that do not serve anyway go first: they may be what blocks the rollout.
  private static void removeUnhealthy(
      List<ReplicaSet> old, long spare, Map<String, Integer> sizes) {
    long left = spare;
    for (ReplicaSet set : oldestFirst(old)) {
      int size = Desired.replicas(set);
      int unhealthy = size - Desired.availableReplicas(set);
      int remove = (int) Math.min(left, unhealthy);
      if (size == 0 || remove <= 0) {
        continue;
      }
      sizes.put(set.getMetadata().getName(), size - remove);
      left -= remove;
    }
  }

  private static void removeAvailable(
      ReplicaSet current, List<ReplicaSet> old, int least, Map<String, Integer> sizes) {
    long available =
        Desired.availableReplicas(current)
            + old.stream().mapToLong(Desired::availableReplicas).sum();
    long left = available - least;
    for (ReplicaSet set : oldestFirst(old)) {
      int size = sizes.getOrDefault(set.getMetadata().getName(), Desired.replicas(set));
      int remove = (int) Math.min(left, size);
      if (remove <= 0) {
        continue;
      }
      sizes.put(set.getMetadata().getName(), size - remove);
      left -= remove;
    }
  }

  static List<ReplicaSet> oldestFirst(List<ReplicaSet> sets) {
    return sets.stream()
        .sorted(
            Comparator.comparing((ReplicaSet set) -> created(set))
                .thenComparing(set -> set.getMetadata().getName()))
        .toList();
  }

  private static String created(ReplicaSet set) {
    String created = set.getMetadata().getCreationTimestamp();
    return created == null ? "" : created;
  }
}
