// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.cronjob;

import io.fabric8.kubernetes.api.model.ObjectReference;
import io.fabric8.kubernetes.api.model.batch.v1.CronJob;
import io.fabric8.kubernetes.api.model.batch.v1.CronJobStatus;
import io.fabric8.kubernetes.api.model.batch.v1.CronJobStatusBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobCondition;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// What has become of the jobs that a CronJob has started.
final class JobHistory {
  private static final String COMPLETE = "Complete";
  private static final String FAILED = "Failed";

  private JobHistory() {}

  /// Finished jobs beyond what is to be kept, the oldest of each outcome.
  static List<Job> tooMany(CronJob cronJob, List<Job> jobs) {
    List<Job> remove = new ArrayList<>();
    addOldest(remove, jobs, COMPLETE, cronJob.getSpec().getSuccessfulJobsHistoryLimit());
    addOldest(remove, jobs, FAILED, cronJob.getSpec().getFailedJobsHistoryLimit());
    return remove;
  }

  private static void addOldest(
      List<Job> remove, List<Job> jobs, String outcome, @Nullable Integer limit) {
    List<Job> finished =
        jobs.stream()
            .filter(job -> outcome(job).filter(outcome::equals).isPresent())
            .sorted(
                Comparator.comparing(
                        JobHistory::started, Comparator.nullsLast(Comparator.naturalOrder()))
                    .thenComparing(job -> job.getMetadata().getName()))
            .toList();
    if (limit != null && finished.size() > limit) {
      remove.addAll(finished.subList(0, finished.size() - limit));
    }
  }

  private static @Nullable Instant started(Job job) {
    @Nullable String started = job.getStatus() == null ? null : job.getStatus().getStartTime();
    return started == null ? null : Instant.parse(started);
  }

  private static Optional<String> outcome(Job job) {
    return job.getStatus() == null
        ? Optional.empty()
        : job.getStatus().getConditions().stream()
            .filter(each -> each.getStatus().equals("True"))
            .map(JobCondition::getType)
            .filter(type -> type.equals(COMPLETE) || type.equals(FAILED))
            .findFirst();
  }

  /// The status with what the jobs have come to.
  ///
  /// @param removed jobs that are deleted: nothing more is said of them
  /// @param gone uids of active jobs that are not there any more
  static CronJobStatus followed(
      CronJob cronJob,
      List<Job> jobs,
      List<Job> removed,
      Set<String> gone,
      List<CronPlan.Notice> notices) {
    CronJobStatus before = cronJob.getStatus() == null ? new CronJobStatus() : cronJob.getStatus();
    Set<String> over = removed.stream().map(JobHistory::uid).collect(Collectors.toSet());
    Set<String> active =
        before.getActive().stream().map(ObjectReference::getUid).collect(Collectors.toSet());
    active.removeAll(over);
    @Nullable String succeeded = before.getLastSuccessfulTime();
    for (Job job : jobs) {
      Optional<String> outcome = outcome(job);
      String name = job.getMetadata().getName();
      if (outcome.isEmpty()) {
        if (!active.contains(uid(job))) {
          notices.add(
              new CronPlan.Notice(
                  true,
                  "UnexpectedJob",
                  "Saw a job that the controller did not create or forgot: " + name));
        }
        continue;
      }
      if (active.contains(uid(job))) {
        over.add(uid(job));
        notices.add(
            new CronPlan.Notice(
                false,
                "SawCompletedJob",
                "Saw completed job: " + name + ", condition: " + outcome.get()));
      }
      succeeded = outcome.get().equals(COMPLETE) ? later(succeeded, job) : succeeded;
    }
    for (ObjectReference each : before.getActive()) {
      if (gone.contains(each.getUid())) {
        over.add(each.getUid());
        notices.add(
            new CronPlan.Notice(false, "MissingJob", "Active job went missing: " + each.getName()));
      }
    }
    return new CronJobStatusBuilder(before)
        .withActive(
            before.getActive().stream().filter(each -> !over.contains(each.getUid())).toList())
        .withLastSuccessfulTime(succeeded)
        .build();
  }

  private static String uid(Job job) {
    return job.getMetadata().getUid();
  }

  private static @Nullable String later(@Nullable String known, Job job) {
    @Nullable String completed = job.getStatus().getCompletionTime();
    if (completed == null || known == null) {
      return known == null ? completed : known;
    }
    return Instant.parse(completed).isAfter(Instant.parse(known)) ? completed : known;
  }
}
