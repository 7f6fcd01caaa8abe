// SPDX-License-Identifier: Apache-2.0
package dev.havn.store;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;

/// Which revision was reached when, as far back as history is kept.
final class Milestones {
  private final Deque<Milestone> milestones = new ArrayDeque<>();

  private record Milestone(Instant time, long revision) {}

  /// Notes the revision of this moment.
  ///
  /// @param kept how far back history is kept
  /// @return the newest one that is older than that, 0 when there is none
  long pass(Instant now, long revision, Duration kept) {
    milestones.addLast(new Milestone(now, revision));
    long old = 0;
    while (milestones.getFirst().time().plus(kept).isBefore(now)) {
      old = milestones.removeFirst().revision();
    }
    return old;
  }
}
