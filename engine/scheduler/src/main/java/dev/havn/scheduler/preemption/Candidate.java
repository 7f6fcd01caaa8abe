// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.preemption;

import dev.havn.scheduler.state.NodeState;
import dev.havn.scheduler.state.PodFacts;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/// A node and the pods that would have to leave it.
///
/// @param victims the most important first, never empty
/// @param violations of disruption budgets
public record Candidate(NodeState node, List<PodFacts> victims, int violations) {
  /// Added to each priority, so that more victims are never better than fewer of the same.
  private static final long OFFSET = 1L << 31;

  /// The most important first: higher priority, then longer there.
  static final Comparator<PodFacts> IMPORTANCE =
      Comparator.<PodFacts>comparingInt(pod -> -pod.priority()).thenComparing(PodFacts::started);

  /// The least harm first: broken budgets, the most important victim's priority, the sum of
  /// priorities, the number of victims; then the one whose most important victims began last.
  static final Comparator<Candidate> HARM =
      Comparator.<Candidate>comparingInt(Candidate::violations)
          .thenComparingInt(each -> each.victims().getFirst().priority())
          .thenComparingLong(Candidate::sum)
          .thenComparingInt(each -> each.victims().size())
          .thenComparing(Candidate::earliest, Comparator.reverseOrder());

  /// @param victims in any order
  public static Candidate of(NodeState node, List<PodFacts> victims, int violations) {
    return new Candidate(node, victims.stream().sorted(IMPORTANCE).toList(), violations);
  }

  /// The one that does the least harm.
  public static Optional<Candidate> least(List<Candidate> candidates) {
    return candidates.stream().min(HARM);
  }

  private long sum() {
    long sum = 0;
    for (PodFacts each : victims) {
      sum += each.priority() + OFFSET;
    }
    return sum;
  }

  /// When the first of its most important victims began.
  private Instant earliest() {
    Instant earliest = Instant.MAX;
    for (PodFacts each : victims) {
      if (each.priority() == victims.getFirst().priority() && each.started().isBefore(earliest)) {
        earliest = each.started();
      }
    }
    return earliest;
  }
}
