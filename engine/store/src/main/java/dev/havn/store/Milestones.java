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

  /// Notes the revision of this moment, and forgets what no longer bounds the last `kept`.
  void pass(Instant now, long revision, Duration kept) {
    milestones.addLast(new Milestone(now, revision));
    Milestone oldest = milestones.removeFirst();
    while (!milestones.isEmpty() && milestones.getFirst().time().plus(kept).isBefore(now)) {
      oldest = milestones.removeFirst();
    }
    milestones.addFirst(oldest);
  }

  /// The newest revision that is older than `age`, 0 when none is known.
  long olderThan(Duration age, Instant now) {
    long old = 0;
    for (Milestone each : milestones) {
      if (!each.time().plus(age).isBefore(now)) {
        break;
      }
      old = each.revision();
    }
    return old;
  }

  int size() {
    return milestones.size();
  }
}
