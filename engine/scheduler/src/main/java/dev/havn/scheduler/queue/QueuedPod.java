// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.queue;

import dev.havn.scheduler.state.PodFacts;
import java.time.Instant;
import java.util.Comparator;
import java.util.Set;

/// A pod that waits. Changed by its queue only.
public final class QueuedPod {
  /// The most important first, then who came first.
  static final Comparator<QueuedPod> IMPORTANCE =
      Comparator.<QueuedPod>comparingInt(pod -> -pod.facts.priority())
          .thenComparing(pod -> pod.since)
          .thenComparing(pod -> pod.number);

  static final Comparator<QueuedPod> PAUSE =
      Comparator.<QueuedPod, Instant>comparing(pod -> pod.notBefore).thenComparing(IMPORTANCE);

  /// Who has waited longest first.
  static final Comparator<QueuedPod> AGE =
      Comparator.<QueuedPod, Instant>comparing(pod -> pod.since).thenComparing(pod -> pod.number);

  private final long number;
  PodFacts facts;
  Place place = Place.ACTIVE;
  Instant since;
  Instant notBefore;
  Set<String> refusedBy = Set.of();
  int refusals;
  int errors;

  /// Where it is.
  enum Place {
    /// next
    ACTIVE,
    /// refused, may fit now, has a pause to keep while others wait
    BACKOFF,
    /// could not be bound, has a pause to keep
    ERROR,
    /// refused, and nothing happened since that could help
    UNSCHEDULABLE,
    /// must not be looked at
    GATED,
    /// being looked at
    TAKEN
  }

  QueuedPod(long number, PodFacts facts, Instant now) {
    this.number = number;
    this.facts = facts;
    this.since = now;
    this.notBefore = now;
  }

  public PodFacts facts() {
    return facts;
  }

  /// When it came to the place from where it was taken, or where it is.
  public Instant since() {
    return since;
  }
}
