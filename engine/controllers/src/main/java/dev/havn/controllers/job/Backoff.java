// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.job;

import dev.havn.reconcile.Doubling;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// How long a job waits before it replaces pods that failed: 10 s, doubling with each failure since
/// the last success, at most 10 min. Not kept over a restart: then there is one pod more a little
/// earlier.
///
/// @param failures since the last success
/// @param last when the last of them was
record Backoff(int failures, @Nullable Instant last) {
  static final Backoff NONE = new Backoff(0, null);

  private static final Doubling PAUSES =
      new Doubling(Duration.ofSeconds(10), Duration.ofMinutes(10));

  /// With what finished since.
  Backoff after(List<JobPod> succeeded, List<JobPod> failed) {
    if (succeeded.isEmpty() && failed.isEmpty()) {
      return this;
    }
    @Nullable Instant success =
        succeeded.stream().map(JobPod::finished).max(Instant::compareTo).orElse(null);
    List<Instant> since =
        failed.stream()
            .map(JobPod::finished)
            .filter(time -> success == null || time.isAfter(success))
            .sorted()
            .toList();
    if (since.isEmpty()) {
      return NONE;
    }
    return new Backoff((success == null ? failures : 0) + since.size(), since.getLast());
  }

  /// How long to wait still, or zero.
  Duration remaining(Instant now) {
    return last == null ? Duration.ZERO : PAUSES.left(failures, last, now);
  }

  /// Of one index, by the last pod that failed in it (KEP-3850).
  static Backoff ofIndex(JobPod lastFailed) {
    return new Backoff(
        lastFailed.failures() + lastFailed.ignoredFailures() + 1, lastFailed.finished());
  }
}
