// SPDX-License-Identifier: Apache-2.0
package dev.havn.reconcile;

import java.time.Duration;
import java.time.Instant;

/// Waits that begin at a time of the machine's clock, which may be set back meanwhile.
public final class Waits {
  private Waits() {}

  /// What is left of a wait: nothing when it is over, and never more than the whole, also when it
  /// seems to begin in the future.
  public static Duration left(Instant since, Duration whole, Instant now) {
    Duration left = Duration.between(now, since.plus(whole));
    return left.isNegative() ? Duration.ZERO : left.compareTo(whole) > 0 ? whole : left;
  }
}
