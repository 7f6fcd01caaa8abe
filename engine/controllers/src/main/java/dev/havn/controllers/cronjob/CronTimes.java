// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.cronjob;

import io.fabric8.kubernetes.api.model.batch.v1.CronJob;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// When a CronJob was last due and not yet served.
///
/// @param since what was due before is not looked at
/// @param due the last time it was due, or null
/// @param missed about how many times it was due
record CronTimes(Instant since, @Nullable Instant due, long missed) {
  /// More than these are told of.
  static final long MISSED_MAX = 100;

  /// A timer that is early by a little would find nothing due.
  private static final Duration LATER = Duration.ofMillis(100);

  /// A schedule that is never due.
  static final class NeverException extends RuntimeException {
    private static final long serialVersionUID = 1;

    NeverException() {
      super("time difference between two schedules is less than 1 second");
    }
  }

  /// @param withDeadline whether what is past `startingDeadlineSeconds` is left out
  /// @throws NeverException for the 31st of February
  static CronTimes of(CronJob cronJob, Schedule schedule, Instant now, boolean withDeadline) {
    @Nullable String last =
        cronJob.getStatus() == null ? null : cronJob.getStatus().getLastScheduleTime();
    Instant since =
        Instant.parse(last == null ? cronJob.getMetadata().getCreationTimestamp() : last);
    @Nullable Long deadline = cronJob.getSpec().getStartingDeadlineSeconds();
    if (withDeadline && deadline != null && now.minusSeconds(deadline).isAfter(since)) {
      since = now.minusSeconds(deadline);
    }
    Instant first = schedule.next(since).orElseThrow(NeverException::new);
    if (now.isBefore(first)) {
      return new CronTimes(since, null, 0);
    }
    Instant second = schedule.next(first).orElseThrow(NeverException::new);
    if (now.isBefore(second)) {
      return new CronTimes(since, first, 0);
    }
    return many(schedule, since, first, second, now);
  }

  /// The gap between the first two tells about how many there were: from two gaps before the end on
  /// they are gone through one by one. Gaps that differ make the number a guess, as it is in
  /// Kubernetes.
  private static CronTimes many(
      Schedule schedule, Instant since, Instant first, Instant second, Instant now) {
    long gap = Duration.between(first, second).toSeconds();
    long missed = Duration.between(first, now).toSeconds() / gap + 1;
    @Nullable Instant due = null;
    Optional<Instant> next = schedule.next(first.plusSeconds((missed - 2) * gap));
    while (next.isPresent() && !next.get().isAfter(now)) {
      due = next.get();
      next = schedule.next(due);
    }
    return new CronTimes(since, due, missed);
  }

  /// How long until it is due again.
  static Duration untilNext(CronJob cronJob, Schedule schedule, Instant now) {
    Instant after = now;
    try {
      CronTimes times = of(cronJob, schedule, now, false);
      if (times.due != null) {
        after = times.due;
      } else if (times.missed == 0) {
        after = times.since;
      }
    } catch (NeverException never) {
      after = now;
    }
    return schedule.next(after).map(next -> Duration.between(now, next).plus(LATER)).orElse(LATER);
  }
}
