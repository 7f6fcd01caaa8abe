// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.cronjob;

import dev.havn.controllers.replicas.PodTemplates;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.ObjectReference;
import io.fabric8.kubernetes.api.model.batch.v1.CronJob;
import io.fabric8.kubernetes.api.model.batch.v1.CronJobStatus;
import io.fabric8.kubernetes.api.model.batch.v1.CronJobStatusBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobBuilder;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What a CronJob needs: computed from it, its jobs and the time, applied elsewhere.
///
/// @param remove finished jobs beyond what is kept
/// @param notices events to record
/// @param start the job to start, or null
/// @param status as it is to be before that
/// @param again when it is due next, or null when it is not before it is changed
record CronPlan(
    List<Job> remove,
    List<Notice> notices,
    @Nullable Start start,
    CronJobStatus status,
    @Nullable Duration again) {

  private static final String SCHEDULED = "batch.kubernetes.io/cronjob-scheduled-timestamp";

  /// An event.
  record Notice(boolean warning, String reason, String message) {}

  /// A job to be made.
  ///
  /// @param replaces jobs that are deleted before
  record Start(Job job, Instant scheduled, List<ObjectReference> replaces) {}

  /// @param jobs all that the CronJob controls
  /// @param gone uids of active jobs that are not there any more
  static CronPlan of(CronJob cronJob, List<Job> jobs, Set<String> gone, Instant now) {
    List<Job> remove = JobHistory.tooMany(cronJob, jobs);
    List<Notice> notices = new ArrayList<>();
    CronJobStatus status = JobHistory.followed(cronJob, jobs, remove, gone, notices);
    if (cronJob.getMetadata().getDeletionTimestamp() != null
        || Boolean.TRUE.equals(cronJob.getSpec().getSuspend())) {
      return new CronPlan(remove, notices, null, status, null);
    }
    @Nullable Schedule schedule = schedule(cronJob, notices);
    if (schedule == null) {
      return new CronPlan(remove, notices, null, status, null);
    }
    CronTimes times;
    try {
      times = CronTimes.of(cronJob, schedule, now, true);
    } catch (CronTimes.NeverException e) {
      notices.add(
          new Notice(
              true,
              "InvalidSchedule",
              "invalid schedule: " + cronJob.getSpec().getSchedule() + " : " + e.getMessage()));
      return new CronPlan(remove, notices, null, status, null);
    }
    @Nullable Start start =
        times.due() == null ? null : start(cronJob, status, times, times.due(), notices);
    Duration again = CronTimes.untilNext(cronJob, schedule, now);
    return new CronPlan(remove, notices, start, status, again);
  }

  private static @Nullable Schedule schedule(CronJob cronJob, List<Notice> notices) {
    String text = cronJob.getSpec().getSchedule();
    @Nullable String zone = cronJob.getSpec().getTimeZone();
    if (zone != null) {
      try {
        Schedule.zone(zone);
      } catch (Schedule.UnparseableException e) {
        notices.add(
            new Notice(
                true, "UnknownTimeZone", "invalid timeZone: \"" + zone + "\": " + e.getMessage()));
        return null;
      }
    }
    if (text.contains("TZ")) {
      notices.add(
          new Notice(
              true,
              "UnsupportedSchedule",
              "CRON_TZ or TZ used in schedule \""
                  + text
                  + "\" is not officially supported, see https://kubernetes.io/docs/concepts"
                  + "/workloads/controllers/cron-jobs/ for more details"));
    }
    try {
      return Schedule.parse(text, zone);
    } catch (Schedule.UnparseableException e) {
      notices.add(
          new Notice(
              true,
              "UnparseableSchedule",
              "unparseable schedule: \"" + text + "\" : " + e.getMessage()));
      return null;
    }
  }

  private static @Nullable Start start(
      CronJob cronJob, CronJobStatus status, CronTimes times, Instant due, List<Notice> notices) {
    if (times.missed() > CronTimes.MISSED_MAX) {
      notices.add(
          new Notice(
              true,
              "TooManyMissedTimes",
              "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check"
                  + " clock skew"));
    }
    String name = name(cronJob, due);
    if (status.getActive().stream().anyMatch(each -> each.getName().equals(name))
        || (status.getLastScheduleTime() != null
            && Instant.parse(status.getLastScheduleTime()).equals(due))) {
      return null;
    }
    String policy = cronJob.getSpec().getConcurrencyPolicy();
    if ("Forbid".equals(policy) && !status.getActive().isEmpty()) {
      notices.add(
          new Notice(
              false,
              "JobAlreadyActive",
              "Not starting job because prior execution is running and concurrency policy is"
                  + " Forbid"));
      return null;
    }
    return new Start(
        job(cronJob, name, due),
        due,
        "Replace".equals(policy) ? List.copyOf(status.getActive()) : List.of());
  }

  /// Of the time it is for: nothing starts twice for the same minute.
  private static String name(CronJob cronJob, Instant due) {
    return cronJob.getMetadata().getName() + "-" + due.getEpochSecond() / 60;
  }

  private static Job job(CronJob cronJob, String name, Instant due) {
    @Nullable ObjectMeta template = cronJob.getSpec().getJobTemplate().getMetadata();
    @Nullable String zone = cronJob.getSpec().getTimeZone();
    return new JobBuilder()
        .withNewMetadata()
        .withNamespace(cronJob.getMetadata().getNamespace())
        .withName(name)
        .withLabels(template == null ? null : template.getLabels())
        .withAnnotations(template == null ? null : template.getAnnotations())
        .addToAnnotations(
            SCHEDULED,
            DateTimeFormatter.ISO_OFFSET_DATE_TIME.format(
                due.atZone(zone == null ? Schedule.NO_ZONE : Schedule.zone(zone))))
        .withOwnerReferences(
            PodTemplates.controller(
                cronJob.getApiVersion(), cronJob.getKind(), cronJob.getMetadata()))
        .endMetadata()
        .withSpec(cronJob.getSpec().getJobTemplate().getSpec())
        .build();
  }

  /// The status with a job that has been started.
  static CronJobStatus with(CronJobStatus status, ObjectReference job, Instant scheduled) {
    return new CronJobStatusBuilder(status)
        .addToActive(job)
        .withLastScheduleTime(scheduled.toString())
        .build();
  }

  /// The status without jobs that have been deleted.
  static CronJobStatus without(CronJobStatus status, List<ObjectReference> deleted) {
    return new CronJobStatusBuilder(status)
        .withActive(status.getActive().stream().filter(each -> !deleted.contains(each)).toList())
        .build();
  }
}
