// SPDX-License-Identifier: Apache-2.0
package dev.havn.store;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;

/// Which revision was reached when, as far back as history is promised.
final class Milestones {
  private final Duration promised;
  private final Deque<Milestone> milestones = new ArrayDeque<>();

  private record Milestone(Instant time, long revision) {}

  Milestones(Duration promised) {
    this.promised = promised;
  }

  /// Notes the revision of this moment.
  ///
  /// @return the newest one that is older than promised, 0 when there is none
  long pass(Instant now, long revision) {
    milestones.addLast(new Milestone(now, revision));
    long old = 0;
    while (milestones.getFirst().time().plus(promised).isBefore(now)) {
      old = milestones.removeFirst().revision();
    }
    return old;
  }
}
