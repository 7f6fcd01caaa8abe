// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.job;

import io.fabric8.kubernetes.api.model.batch.v1.JobCondition;
import io.fabric8.kubernetes.api.model.batch.v1.JobStatus;
import io.fabric8.kubernetes.api.model.batch.v1.JobStatusBuilder;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// How pods that are over are counted, each exactly once although anything may fail in between
/// (KEP-2307): first their uids are noted in the status, then they lose their finalizer, then those
/// of the noted ones that have none are added to the counters and struck off.
///
/// @param status to be written before finalizers are removed
/// @param release pods whose finalizer is to be removed then
/// @param held uids of all pods that have the finalizer now
/// @param last what the job ends with when all are counted and over, or null
/// @param whole whether all pods that are over were noted: there is a bound
/// @param terminating pods whose end is waited for
/// @param notices events to record
record Counting(
    JobStatus status,
    List<JobPod> release,
    Set<String> held,
    @Nullable Ending last,
    boolean whole,
    int terminating,
    List<Notice> notices) {

  /// Uids noted at once: each is written and read with every change of the status.
  static final int UNCOUNTED_MAX = 500;

  /// An ordinary event.
  record Notice(String reason, String message) {}

  /// What has been done of [PodChanges].
  ///
  /// @param deletedReady how many of the deleted ones were Ready
  record Done(int created, int deleted, int deletedReady) {}

  static Counting of(Situation situation, PodChanges changes, Done done) {
    List<JobPod> active = situation.active();
    int activeNow = active.size() - done.deleted() + done.created();
    int terminating = situation.terminating() + done.deleted();
    int ready = (int) active.stream().filter(JobPod::isReady).count() - done.deletedReady();
    JobStatusBuilder status =
        new JobStatusBuilder(situation.before())
            .withActive(Statuses.count(activeNow))
            .withReady(ready)
            .withTerminating(terminating);
    List<Notice> notices = new ArrayList<>();
    @Nullable Ending ending = situation.ending();
    if (ending != null) {
      ending = activeNow == 0 ? ending : null;
    } else if (isComplete(situation, activeNow)) {
      ending = Ending.COMPLETIONS_REACHED;
    } else if (changes.manages()) {
      suspension(situation, status, notices);
    }
    return noted(situation, ending, status.build(), terminating, notices);
  }

  private static boolean isComplete(Situation situation, int active) {
    @Nullable Integer completions = situation.terms().completions();
    return active == 0 && situation.succeeded() >= (completions == null ? 1 : completions);
  }

  private static void suspension(
      Situation situation, JobStatusBuilder status, List<Notice> notices) {
    boolean suspended = situation.terms().suspended();
    List<JobCondition> before = situation.before().getConditions();
    List<JobCondition> after =
        Statuses.with(
            before,
            suspended,
            suspended
                ? new Ending(Statuses.SUSPENDED, "JobSuspended", "Job suspended")
                : new Ending(Statuses.SUSPENDED, "JobResumed", "Job resumed"),
            situation.now());
    if (after != before) {
      status.withConditions(after);
      status.withStartTime(suspended ? null : Statuses.time(situation.now()));
      notices.add(
          suspended
              ? new Notice("Suspended", "Job suspended")
              : new Notice("Resumed", "Job resumed"));
    }
  }

  private static Counting noted(
      Situation situation,
      @Nullable Ending ending,
      JobStatus before,
      int terminating,
      List<Notice> notices) {
    Set<String> held = new HashSet<>();
    situation.pods().stream().filter(JobPod::tracked).forEach(pod -> held.add(pod.uid()));
    JobStatus settled = settled(before, held);
    Notes notes = new Notes(situation, ending, settled);
    boolean whole = notes.takeAll();
    JobStatusBuilder status =
        new JobStatusBuilder(settled)
            .withUncountedTerminatedPods(Statuses.uncounted(notes.succeeded, notes.failed));
    if (situation.terms().indexed()) {
      indexes(situation, status);
    }
    if (ending != null && !ending.equals(ending.last())) {
      status.withConditions(Statuses.with(settled.getConditions(), true, ending, situation.now()));
    }
    return new Counting(
        status.build(),
        notes.release,
        held,
        ending == null ? null : ending.last(),
        whole,
        terminating,
        notices);
  }

  /// An index is noted by itself: it cannot succeed twice.
  private static void indexes(Situation situation, JobStatusBuilder status) {
    Indexes completed = situation.succeededIndexes();
    status
        .withSucceeded(Statuses.count(completed.count()))
        .withCompletedIndexes(completed.isEmpty() ? null : completed.toString())
        .withFailedIndexes(
            situation.failedIndexes() == null ? null : situation.failedIndexes().toString());
  }

  /// Counts what was noted and has no finalizer any more.
  private static JobStatus settled(JobStatus status, Set<String> held) {
    List<String> succeeded = Statuses.uncountedSucceeded(status);
    List<String> failed = Statuses.uncountedFailed(status);
    List<String> openSucceeded = succeeded.stream().filter(held::contains).toList();
    List<String> openFailed = failed.stream().filter(held::contains).toList();
    return new JobStatusBuilder(status)
        .withUncountedTerminatedPods(Statuses.uncounted(openSucceeded, openFailed))
        .withSucceeded(
            Statuses.count(
                Statuses.number(status.getSucceeded()) + succeeded.size() - openSucceeded.size()))
        .withFailed(
            Statuses.count(Statuses.number(status.getFailed()) + failed.size() - openFailed.size()))
        .build();
  }

  /// The status when finalizers have been removed.
  ///
  /// @param released uids of the pods that have none any more
  JobStatus after(Set<String> released, Instant now) {
    Set<String> left = new HashSet<>(held);
    left.removeAll(released);
    JobStatus counted = settled(status, left);
    if (last == null || !isOver(counted)) {
      return counted;
    }
    JobStatusBuilder ended =
        new JobStatusBuilder(counted)
            .withConditions(Statuses.with(counted.getConditions(), true, last, now));
    return (last.isSuccess() ? ended.withCompletionTime(Statuses.time(now)) : ended).build();
  }

  private boolean isOver(JobStatus counted) {
    return whole
        && terminating == 0
        && Statuses.uncountedSucceeded(counted).isEmpty()
        && Statuses.uncountedFailed(counted).isEmpty();
  }

  /// Goes over the pods and takes down what has become of them.
  private static final class Notes {
    private final Situation situation;
    private final @Nullable Ending ending;
    private final List<String> succeeded;
    private final List<String> failed;
    private final Set<String> knownSucceeded;
    private final Set<String> knownFailed;
    private final List<JobPod> release = new ArrayList<>();
    private int indexes;

    Notes(Situation situation, @Nullable Ending ending, JobStatus settled) {
      this.situation = situation;
      this.ending = ending;
      this.succeeded = new ArrayList<>(Statuses.uncountedSucceeded(settled));
      this.failed = new ArrayList<>(Statuses.uncountedFailed(settled));
      this.knownSucceeded = Set.copyOf(succeeded);
      this.knownFailed = Set.copyOf(failed);
    }

    /// False when there are more than may be noted at once.
    boolean takeAll() {
      for (JobPod pod : situation.pods()) {
        if (pod.tracked() && isOver(pod)) {
          release.add(pod);
          take(pod);
          if (indexes + succeeded.size() + failed.size() >= UNCOUNTED_MAX) {
            return false;
          }
        }
      }
      return true;
    }

    private boolean isOver(JobPod pod) {
      if (situation.terms().deleted() || ending != null || pod.isSucceeded()) {
        return true;
      }
      return pod.isFailed(situation.terms())
          && !pod.equals(situation.lastFailed().get(pod.index()));
    }

    private void take(JobPod pod) {
      Terms terms = situation.terms();
      if (pod.isSucceeded() && !knownFailed.contains(pod.uid())) {
        if (!terms.indexed()) {
          note(pod, succeeded, knownSucceeded);
        } else if (terms.hasIndex(pod.index())
            && !situation.countedIndexes().contains(pod.index())) {
          indexes++;
        }
        return;
      }
      boolean failedWithJob = ending != null && !ending.isSuccess();
      if ((pod.isFailed(terms) || failedWithJob)
          && Situation.counts(terms, pod)
          && PodFailure.of(terms.podFailurePolicy(), pod).counts()) {
        note(pod, failed, knownFailed);
      }
    }

    private static void note(JobPod pod, List<String> list, Set<String> known) {
      if (!known.contains(pod.uid())) {
        list.add(pod.uid());
      }
    }
  }
}
