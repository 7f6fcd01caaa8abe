// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import dev.havn.reconcile.Waits;
import java.time.Duration;
import java.time.Instant;

/// How long an image that could not be pulled waits for the next try: ten seconds, doubling up to
/// five minutes; what was good for ten minutes begins anew.
///
/// @param message why the last pull failed
/// @param told whether the wait was told already
record PullBackoff(Duration whole, Instant since, String message, boolean told) {
  static final Duration MIN = Duration.ofSeconds(10);
  static final Duration MAX = Duration.ofMinutes(5);

  static PullBackoff first(Instant now, String message) {
    return new PullBackoff(MIN, now, message, false);
  }

  PullBackoff next(Instant now, String nextMessage) {
    boolean anew = Duration.between(since, now).compareTo(MAX.multipliedBy(2)) > 0;
    Duration doubled = whole.multipliedBy(2);
    Duration next = anew ? MIN : doubled.compareTo(MAX) > 0 ? MAX : doubled;
    return new PullBackoff(next, now, nextMessage, false);
  }

  PullBackoff asTold() {
    return new PullBackoff(whole, since, message, true);
  }

  /// Not positive when the next try may begin.
  Duration left(Instant now) {
    return Waits.left(since, whole, now);
  }
}
