// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.job;

import io.fabric8.kubernetes.api.model.batch.v1.JobStatus;
import io.fabric8.kubernetes.api.model.batch.v1.JobStatusBuilder;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Where a job stands: what its status has counted, and what its pods add to that.
///
/// @param before the status that is written, with the start if it begins now
/// @param pods of the job, an indexed one's by their index
/// @param succeeded how many, counted or not
/// @param failed how many, counted or not, but those that are ignored
/// @param countedIndexes those in the status
/// @param succeededIndexes those and what succeeded since
/// @param failedIndexes null when failures are not counted per index
/// @param lastFailed by index, the pod that has to stay until there is another for the index: how
///   often the index has failed is handed on from it
/// @param ending why the job ends, if that is known before anything is done
record Situation(
    Terms terms,
    JobStatus before,
    List<JobPod> pods,
    int succeeded,
    int failed,
    Indexes countedIndexes,
    Indexes succeededIndexes,
    @Nullable Indexes failedIndexes,
    Map<Integer, JobPod> lastFailed,
    @Nullable Ending ending,
    Backoff backoff,
    Instant now) {

  /// @param backoff as it was before
  static Situation of(
      Terms terms, JobStatus status, List<JobPod> pods, Backoff backoff, Instant now) {
    JobStatus before = started(terms, status, now);
    List<JobPod> sorted =
        terms.indexed()
            ? pods.stream().sorted(Comparator.comparingInt(JobPod::index)).toList()
            : pods;
    List<JobPod> newlySucceeded =
        uncounted(terms, sorted, Statuses.uncountedSucceeded(status), JobPod::isSucceeded);
    List<JobPod> newlyFailed =
        uncounted(terms, sorted, Statuses.uncountedFailed(status), pod -> pod.isFailed(terms));
    int failed =
        Statuses.number(status.getFailed())
            + Statuses.uncountedFailed(status).size()
            + (int)
                newlyFailed.stream()
                    .filter(pod -> PodFailure.of(terms.podFailurePolicy(), pod).counts())
                    .count();
    Indexes counted = Indexes.parse(status.getCompletedIndexes(), terms.indexes());
    Indexes succeededIndexes = terms.indexed() ? succeeded(terms, counted, sorted) : Indexes.NONE;
    @Nullable Indexes failedIndexes = terms.countsPerIndex() ? failed(terms, status, sorted) : null;
    int succeeded =
        terms.indexed()
            ? succeededIndexes.count()
            : Statuses.number(status.getSucceeded())
                + newlySucceeded.size()
                + Statuses.uncountedSucceeded(status).size();
    Situation open =
        new Situation(
            terms,
            before,
            sorted,
            succeeded,
            failed,
            counted,
            succeededIndexes,
            failedIndexes,
            failedIndexes == null
                ? Map.of()
                : lastFailed(terms, sorted, succeededIndexes.plus(failedIndexes)),
            null,
            backoff.after(newlySucceeded, newlyFailed),
            now);
    return open.with(Verdict.of(open).orElse(null));
  }

  private Situation with(@Nullable Ending found) {
    return new Situation(
        terms,
        before,
        pods,
        succeeded,
        failed,
        countedIndexes,
        succeededIndexes,
        failedIndexes,
        lastFailed,
        found,
        backoff,
        now);
  }

  private static JobStatus started(Terms terms, JobStatus status, Instant now) {
    return status.getStartTime() != null || terms.suspended()
        ? status
        : new JobStatusBuilder(status).withStartTime(Statuses.time(now)).build();
  }

  private static List<JobPod> uncounted(
      Terms terms, List<JobPod> pods, List<String> noted, Predicate<JobPod> outcome) {
    Set<String> known = new HashSet<>(noted);
    return pods.stream()
        .filter(pod -> pod.tracked() && !known.contains(pod.uid()) && counts(terms, pod))
        .filter(outcome)
        .toList();
  }

  /// Whether the end of a pod counts for the job at all.
  static boolean counts(Terms terms, JobPod pod) {
    return !terms.indexed() || terms.hasIndex(pod.index());
  }

  private static Indexes succeeded(Terms terms, Indexes counted, List<JobPod> pods) {
    return counted.plus(
        Indexes.of(
            pods.stream()
                .filter(pod -> pod.tracked() && pod.isSucceeded() && counts(terms, pod))
                .map(JobPod::index)
                .toList()));
  }

  private static Indexes failed(Terms terms, JobStatus status, List<JobPod> pods) {
    return Indexes.parse(status.getFailedIndexes(), terms.indexes())
        .plus(
            Indexes.of(
                pods.stream()
                    .filter(pod -> pod.tracked() && counts(terms, pod) && failsIndex(terms, pod))
                    .map(JobPod::index)
                    .toList()));
  }

  private static boolean failsIndex(Terms terms, JobPod pod) {
    if (!pod.isFailed(terms)) {
      return false;
    }
    PodFailure failure = PodFailure.of(terms.podFailurePolicy(), pod);
    return failure.failsIndex()
        || (failure.counts() && pod.failures() >= Statuses.number(terms.backoffLimitPerIndex()));
  }

  private static Map<Integer, JobPod> lastFailed(Terms terms, List<JobPod> pods, Indexes done) {
    Set<Integer> active = new HashSet<>();
    pods.stream().filter(JobPod::isActive).forEach(pod -> active.add(pod.index()));
    Map<Integer, JobPod> last = new HashMap<>();
    for (JobPod pod : pods) {
      if (pod.tracked()
          && pod.isFailed(terms)
          && counts(terms, pod)
          && !done.contains(pod.index())
          && !active.contains(pod.index())) {
        last.merge(pod.index(), pod, Situation::later);
      }
    }
    return last;
  }

  private static JobPod later(JobPod known, JobPod other) {
    boolean failedAsOften =
        known.failures() + known.ignoredFailures() <= other.failures() + other.ignoredFailures();
    return failedAsOften && !other.finished().isBefore(known.finished()) ? other : known;
  }

  List<JobPod> active() {
    return pods.stream().filter(JobPod::isActive).toList();
  }

  int terminating() {
    return (int) pods.stream().filter(JobPod::isTerminating).count();
  }

  /// How long the job has until its deadline, if it has one.
  Optional<Duration> untilDeadline() {
    return terms.activeDeadline() == null || before.getStartTime() == null || terms.suspended()
        ? Optional.empty()
        : Optional.of(
            Duration.between(
                now, Instant.parse(before.getStartTime()).plus(terms.activeDeadline())));
  }
}
