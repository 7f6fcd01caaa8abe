// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.deployment;

import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.ReplicaSet;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What a change of `spec.replicas` means while several ReplicaSets have pods: each grows or
/// shrinks by its share, so that the risk stays spread as it was.
final class ProportionalScaling {
  private ProportionalScaling() {}

  /// New sizes by ReplicaSet name; sets that keep their size are left out.
  static Map<String, Integer> sizes(
      Deployment deployment, @Nullable ReplicaSet current, List<ReplicaSet> old) {
    int desired = Desired.replicas(deployment);
    @Nullable ReplicaSet single = activeOrLatest(current, old);
    if (single != null) {
      return Desired.replicas(single) == desired
          ? Map.of()
          : Map.of(single.getMetadata().getName(), desired);
    }
    if (current != null && isSaturated(deployment, current)) {
      Map<String, Integer> sizes = new LinkedHashMap<>();
      for (ReplicaSet set : old) {
        if (Desired.replicas(set) > 0) {
          sizes.put(set.getMetadata().getName(), 0);
        }
      }
      return sizes;
    }
    return Desired.isRolling(deployment) ? shares(deployment, current, old) : Map.of();
  }

  /// The only set with pods, or the newest when none has any; null when there are several.
  private static @Nullable ReplicaSet activeOrLatest(
      @Nullable ReplicaSet current, List<ReplicaSet> old) {
    List<ReplicaSet> active = withCurrent(current, old, true);
    if (active.size() > 1) {
      return null;
    }
    if (active.size() == 1) {
      return active.getFirst();
    }
    return current != null ? current : newest(old);
  }

  private static @Nullable ReplicaSet newest(List<ReplicaSet> sets) {
    List<ReplicaSet> ordered = RollingUpdate.oldestFirst(sets);
    return ordered.isEmpty() ? null : ordered.getLast();
  }

  private static List<ReplicaSet> withCurrent(
      @Nullable ReplicaSet current, List<ReplicaSet> old, boolean active) {
    List<ReplicaSet> all = new java.util.ArrayList<>(old);
    if (current != null) {
      all.add(current);
    }
    all.removeIf(set -> active && Desired.replicas(set) == 0);
    return all;
  }

  static boolean isSaturated(Deployment deployment, ReplicaSet current) {
    int desired = Desired.replicas(deployment);
    String annotated = Desired.annotations(current).get(Desired.DESIRED_REPLICAS);
    return String.valueOf(desired).equals(annotated)
        && Desired.replicas(current) == desired
        && Desired.availableReplicas(current) == desired;
  }

  private static Map<String, Integer> shares(
      Deployment deployment, @Nullable ReplicaSet current, List<ReplicaSet> old) {
    List<ReplicaSet> active = withCurrent(current, old, true);
    long total = active.stream().mapToLong(Desired::replicas).sum();
    int desired = Desired.replicas(deployment);
    long allowed = desired > 0 ? (long) desired + Surge.of(deployment).maxSurge() : 0;
    long toAdd = allowed - total;
    boolean grows = toAdd > 0;
    List<ReplicaSet> ordered =
        active.stream()
            .sorted(
                Comparator.comparingInt((ReplicaSet set) -> -Desired.replicas(set))
                    .thenComparing(
                        set ->
                            grows ? negate(set) : RollingUpdate.oldestFirst(active).indexOf(set)))
            .toList();
    Map<String, Integer> sizes = new LinkedHashMap<>();
    long added = 0;
    for (ReplicaSet set : ordered) {
      long part = toAdd == 0 ? 0 : share(set, deployment, toAdd, added, allowed);
      sizes.put(set.getMetadata().getName(), size(Desired.replicas(set) + part));
      added += part;
    }
    if (toAdd != 0 && !ordered.isEmpty()) {
      long leftover = toAdd - added;
      sizes.computeIfPresent(
          ordered.getFirst().getMetadata().getName(), (_, size) -> size(size + leftover));
    }
    active.forEach(set -> sizes.remove(set.getMetadata().getName(), Desired.replicas(set)));
    return sizes;
  }

  private static int size(long wanted) {
    return Math.clamp(wanted, 0, Integer.MAX_VALUE);
  }

  /// Among sets of one size the newest grows first.
  private static int negate(ReplicaSet set) {
    String created = set.getMetadata().getCreationTimestamp();
    return created == null ? 0 : -(int) java.time.Instant.parse(created).getEpochSecond();
  }

  private static long share(
      ReplicaSet set, Deployment deployment, long toAdd, long added, long allowed) {
    int size = Desired.replicas(set);
    if (size == 0) {
      return 0;
    }
    String annotated = Desired.annotations(set).get(Desired.MAX_REPLICAS);
    long before =
        annotated != null && annotated.matches("[1-9][0-9]{0,9}")
            ? Long.parseLong(annotated)
            : Math.max(1, statusReplicas(deployment));
    long proportional = Math.round((double) size * allowed / before) - size;
    long left = toAdd - added;
    return toAdd > 0 ? Math.min(proportional, left) : Math.max(proportional, left);
  }

  private static int statusReplicas(Deployment deployment) {
    return deployment.getStatus() == null ? 0 : Desired.or(deployment.getStatus().getReplicas(), 0);
  }
}
