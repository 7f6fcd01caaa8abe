// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.job;

import dev.havn.controllers.replicas.PodState;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Which pods a job needs made or deleted. Never both at once: what is too much goes first.
///
/// @param delete pods that are too many
/// @param counted whether what is deleted is counted first, which its finalizer waits for: so it is
///   when the job ends; a pod that is merely too many is nothing to count
/// @param create pods that are missing
/// @param manages whether the job looks after its pods: not when it ends or is being deleted
/// @param again when to look again although nothing happened, or null
record PodChanges(
    List<JobPod> delete,
    boolean counted,
    List<NewPod> create,
    boolean manages,
    @Nullable Duration again) {

  /// Pods made or deleted in one go.
  static final int PODS_MAX = 500;

  /// A pod to be made.
  ///
  /// @param index or [JobPod#NO_INDEX]
  /// @param counts annotations that say how often the index has failed
  record NewPod(int index, Map<String, String> counts) {}

  static PodChanges of(Situation situation) {
    if (situation.ending() != null) {
      return new PodChanges(situation.active(), true, List.of(), false, null);
    }
    Terms terms = situation.terms();
    @Nullable Duration deadline = situation.untilDeadline().orElse(null);
    if (terms.deleted()) {
      return new PodChanges(List.of(), false, List.of(), false, deadline);
    }
    List<JobPod> active = situation.active();
    if (terms.suspended()) {
      return new PodChanges(active, false, List.of(), true, null);
    }
    int wanted = wanted(situation, active.size());
    List<JobPod> delete = tooMany(terms, active, Math.max(0, active.size() - wanted));
    if (!delete.isEmpty()) {
      List<JobPod> now = delete.subList(0, Math.min(delete.size(), PODS_MAX));
      return new PodChanges(now, false, List.of(), true, deadline);
    }
    int awaited = terms.replacesFailedOnly() ? situation.terminating() : 0;
    int missing = Math.min(PODS_MAX, wanted - awaited - active.size());
    return missing <= 0
        ? new PodChanges(List.of(), false, List.of(), true, deadline)
        : creating(situation, missing, deadline);
  }

  private static int wanted(Situation situation, int active) {
    Terms terms = situation.terms();
    if (terms.completions() == null) {
      return situation.succeeded() > 0 ? active : terms.parallelism();
    }
    return Math.clamp(terms.completions() - situation.succeeded(), 0, terms.parallelism());
  }

  private static PodChanges creating(
      Situation situation, int missing, @Nullable Duration deadline) {
    Terms terms = situation.terms();
    Duration wait =
        terms.backoffLimitPerIndex() == null
            ? situation.backoff().remaining(situation.now())
            : Duration.ZERO;
    if (wait.isPositive()) {
      return new PodChanges(List.of(), false, List.of(), true, earlier(deadline, wait));
    }
    List<NewPod> create = new ArrayList<>();
    @Nullable Duration again = deadline;
    if (!terms.indexed()) {
      for (int i = 0; i < missing; i++) {
        create.add(new NewPod(JobPod.NO_INDEX, Map.of()));
      }
      return new PodChanges(List.of(), false, create, true, again);
    }
    for (int index : pending(situation, missing)) {
      @Nullable JobPod failed = situation.lastFailed().get(index);
      Duration left =
          failed == null ? Duration.ZERO : Backoff.ofIndex(failed).remaining(situation.now());
      if (left.isPositive()) {
        again = earlier(again, left);
      } else {
        create.add(new NewPod(index, terms.countsPerIndex() ? counts(terms, failed) : Map.of()));
      }
    }
    return new PodChanges(List.of(), false, create, true, again);
  }

  private static Duration earlier(@Nullable Duration one, Duration other) {
    return one == null || other.compareTo(one) < 0 ? other : one;
  }

  private static List<Integer> pending(Situation situation, int missing) {
    Set<Integer> busy = new HashSet<>();
    for (JobPod pod : situation.pods()) {
      boolean awaited = situation.terms().replacesFailedOnly() && pod.isTerminating();
      if (pod.index() != JobPod.NO_INDEX && (pod.isActive() || awaited)) {
        busy.add(pod.index());
      }
    }
    Indexes taken = situation.succeededIndexes().plus(Indexes.of(busy));
    if (situation.failedIndexes() != null) {
      taken = taken.plus(situation.failedIndexes());
    }
    return taken.missing(missing, situation.terms().indexes());
  }

  private static Map<String, String> counts(Terms terms, @Nullable JobPod replaced) {
    int failures = 0;
    int ignored = 0;
    if (replaced != null) {
      boolean counts = PodFailure.of(terms.podFailurePolicy(), replaced).counts();
      failures = replaced.failures() + (counts ? 1 : 0);
      ignored = replaced.ignoredFailures() + (counts ? 0 : 1);
    }
    Map<String, String> annotations = new LinkedHashMap<>();
    annotations.put(JobPod.FAILURES, String.valueOf(failures));
    if (ignored > 0) {
      annotations.put(JobPod.IGNORED_FAILURES, String.valueOf(ignored));
    }
    return annotations;
  }

  /// Of an indexed job all that have no index of the job or share one, and as many more as are to
  /// go at least; first those whose loss costs least.
  private static List<JobPod> tooMany(Terms terms, List<JobPod> active, int least) {
    List<JobPod> ordered = new ArrayList<>(active);
    ordered.sort(cheapestFirst());
    List<JobPod> delete = new ArrayList<>();
    if (terms.indexed()) {
      Set<Integer> kept = new HashSet<>();
      for (JobPod pod : ordered.reversed()) {
        if (!terms.hasIndex(pod.index()) || !kept.add(pod.index())) {
          delete.add(pod);
        }
      }
      ordered.removeAll(delete);
    }
    delete.addAll(ordered.subList(0, Math.max(0, least - delete.size())));
    return delete;
  }

  /// Not yet on a node, less far in its phase, not Ready, Ready for a shorter time, restarted more
  /// often, younger.
  private static Comparator<JobPod> cheapestFirst() {
    return Comparator.comparing((JobPod pod) -> pod.pod().getSpec().getNodeName() != null)
        .thenComparingInt(pod -> rank(pod.phase()))
        .thenComparing(JobPod::isReady)
        .thenComparing(
            Comparator.comparing(
                    (JobPod pod) -> PodState.readySince(pod.pod()).orElse(Instant.EPOCH))
                .reversed())
        .thenComparing(Comparator.comparingInt(JobPod::restarts).reversed())
        .thenComparing(
            Comparator.comparing((JobPod pod) -> pod.pod().getMetadata().getCreationTimestamp())
                .reversed())
        .thenComparing(JobPod::name);
  }

  private static int rank(String phase) {
    return switch (phase) {
      case "Pending" -> 0;
      case "Unknown" -> 1;
      default -> 2;
    };
  }
}
