// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import dev.havn.node.runtime.ContainerRuntime.Container;
import dev.havn.reconcile.Waits;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// How long a container that ended waits for its next start: not at all the first time, then ten
/// seconds, doubling up to five minutes; one that ran for ten minutes begins anew.
///
/// @param whole the wait from the end to the next start
/// @param left what is left of it
record RestartBackoff(Duration whole, Duration left) {
  static final Duration MIN = Duration.ofSeconds(10);
  static final Duration MAX = Duration.ofMinutes(5);
  private static final int DOUBLINGS_MAX = 10;
  private static final RestartBackoff NONE = new RestartBackoff(Duration.ZERO, Duration.ZERO);

  /// Whether an attempt ran so long that what went wrong before it no longer counts.
  static boolean ranLong(Container ended) {
    @Nullable Instant finished = ended.finished();
    return finished != null
        && Duration.between(ended.started(), finished).compareTo(MAX.multipliedBy(2)) > 0;
  }

  /// @param good the attempt from which failures count
  static RestartBackoff of(Container ended, int good, Instant now) {
    @Nullable Instant finished = ended.finished();
    int failures = ended.attempt() - good;
    if (finished == null || failures <= 0) {
      return NONE;
    }
    Duration whole = MIN.multipliedBy(1L << Math.min(failures - 1, DOUBLINGS_MAX));
    whole = whole.compareTo(MAX) > 0 ? MAX : whole;
    return new RestartBackoff(whole, Waits.left(finished, whole, now));
  }

  boolean waits() {
    return left.isPositive();
  }

  /// As the kubelet writes it: `10s`, `2m40s`.
  String shown() {
    long minutes = whole.toMinutes();
    return minutes == 0 ? whole.toSeconds() + "s" : minutes + "m" + whole.toSecondsPart() + "s";
  }
}
