// SPDX-License-Identifier: Apache-2.0
package dev.havn.reconcile;

import java.time.Duration;
import java.time.Instant;

/// Pauses after failures, each twice as long as the one before.
///
/// @param first after the first failure
/// @param most that no pause is longer than
public record Doubling(Duration first, Duration most) {
  /// The pause after so many failures in a row; none after none.
  public Duration after(int failures) {
    if (failures <= 0) {
      return Duration.ZERO;
    }
    Duration pause = first;
    for (int i = 1; i < failures && pause.compareTo(most) < 0; i++) {
      pause = pause.multipliedBy(2);
    }
    return pause.compareTo(most) > 0 ? most : pause;
  }

  /// What is left of the pause that began at `since`, see [Waits].
  public Duration left(int failures, Instant since, Instant now) {
    return Waits.left(since, after(failures), now);
  }

  /// Whether a failure is so long ago that the next one is the first again.
  public boolean isForgotten(Instant since, Instant now) {
    return Duration.between(since, now).compareTo(most.multipliedBy(2)) > 0;
  }
}
