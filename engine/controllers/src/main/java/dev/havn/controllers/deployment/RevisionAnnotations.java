// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.deployment;

import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.ReplicaSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// The annotations by which a ReplicaSet remembers its Deployment: revision, former revisions,
/// sizes.
final class RevisionAnnotations {
  private static final int HISTORY_CHARS_MAX = 2000;

  private static final Set<String> NOT_COPIED =
      Set.of(
          "kubectl.kubernetes.io/last-applied-configuration",
          Desired.REVISION,
          Desired.REVISION_HISTORY,
          Desired.DESIRED_REPLICAS,
          Desired.MAX_REPLICAS,
          Rollback.TO);

  private RevisionAnnotations() {}

  /// The revision that the newest template has: one more than the highest of the old ones.
  static long next(List<ReplicaSet> old) {
    return old.stream().mapToLong(Desired::revision).max().orElse(0) + 1;
  }

  /// What the new ReplicaSet's annotations should be.
  static Map<String, String> ofNew(
      Deployment deployment, @Nullable ReplicaSet current, long revision) {
    Map<String, String> wanted =
        new TreeMap<>(current == null ? Map.of() : Desired.annotations(current));
    Desired.annotations(deployment)
        .forEach(
            (key, value) -> {
              if (!NOT_COPIED.contains(key)) {
                wanted.put(key, value);
              }
            });
    long before = current == null ? 0 : Desired.revision(current);
    if (before < revision) {
      wanted.put(Desired.REVISION, String.valueOf(revision));
      if (before > 0) {
        String history = wanted.getOrDefault(Desired.REVISION_HISTORY, "");
        wanted.put(
            Desired.REVISION_HISTORY,
            shortened(history.isEmpty() ? "" + before : history + "," + before));
      }
    }
    return wanted;
  }

  /// What a Deployment's annotations should be when the template of a former set comes back: those
  /// that the set remembers, so that `kubernetes.io/change-cause` tells of it, and what is the
  /// Deployment's own, without the wish.
  static Map<String, String> restored(Deployment deployment, ReplicaSet set) {
    Map<String, String> wanted = new TreeMap<>(Desired.annotations(deployment));
    wanted.keySet().retainAll(NOT_COPIED);
    Desired.annotations(set)
        .forEach(
            (key, value) -> {
              if (!NOT_COPIED.contains(key)) {
                wanted.put(key, value);
              }
            });
    wanted.remove(Rollback.TO);
    return wanted;
  }

  private static String shortened(String history) {
    String kept = history;
    while (kept.length() > HISTORY_CHARS_MAX && kept.indexOf(',') >= 0) {
      kept = kept.substring(kept.indexOf(',') + 1);
    }
    return kept;
  }

  /// The sizes a set remembers for proportional scaling.
  static Map<String, String> sizes(Deployment deployment) {
    int desired = Desired.replicas(deployment);
    return Map.of(
        Desired.DESIRED_REPLICAS,
        String.valueOf(desired),
        Desired.MAX_REPLICAS,
        String.valueOf((long) desired + Surge.of(deployment).maxSurge()));
  }

  /// Whether a set with pods remembers another size: the Deployment was scaled.
  static boolean isScaling(Deployment deployment, List<ReplicaSet> sets) {
    return sets.stream()
        .filter(set -> Desired.replicas(set) > 0)
        .map(set -> Desired.annotations(set).get(Desired.DESIRED_REPLICAS))
        .anyMatch(
            remembered ->
                remembered != null && !remembered.equals("" + Desired.replicas(deployment)));
  }
}
