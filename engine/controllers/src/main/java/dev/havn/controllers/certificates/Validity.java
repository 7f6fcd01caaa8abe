// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.certificates;

import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// From when until when a certificate holds: as long as was asked for, within bounds, and no longer
/// than its authority. It begins a little before it is made, for machines whose clocks are behind;
/// one that holds for long ends that much earlier.
record Validity(Instant from, Instant until) {
  private static final Duration MIN = Duration.ofMinutes(10);
  private static final Duration BACKDATE = Duration.ofMinutes(5);
  private static final Duration SHORT = Duration.ofHours(8);

  /// @param seconds asked for, or null
  /// @param longest that is given, also where less than the least that may be asked for
  /// @param end of the authority
  static Validity of(Instant now, @Nullable Integer seconds, Duration longest, Instant end) {
    if (!now.isBefore(end)) {
      throw new IllegalStateException(
          "refusing to sign a certificate that expired in the past: NotAfter=" + end);
    }
    Duration asked = seconds == null ? longest : Duration.ofSeconds(seconds);
    Duration time =
        seconds == null || asked.compareTo(longest) > 0
            ? longest
            : asked.compareTo(MIN) < 0 ? MIN : asked;
    Instant until = now.plus(time.compareTo(SHORT) < 0 ? time : time.minus(BACKDATE));
    return new Validity(now.minus(BACKDATE), until.isBefore(end) ? until : end);
  }
}
