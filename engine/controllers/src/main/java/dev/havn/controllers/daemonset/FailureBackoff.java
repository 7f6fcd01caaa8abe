// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.daemonset;

import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// How long a failed pod stays before it is replaced: a second after the last replacement, doubling
/// up to a quarter of an hour, from the start again after half an hour of quiet. Without it a node
/// that refuses a pod would get a new one at once, for ever.
final class FailureBackoff {
  private static final Duration FIRST = Duration.ofSeconds(1);
  private static final Duration MAX = Duration.ofMinutes(15);

  private final Map<String, Delay> delays = new HashMap<>();

  private record Delay(Duration length, Instant since) {
    boolean isOver(Instant now) {
      return Duration.between(since, now).compareTo(MAX.multipliedBy(2)) > 0;
    }
  }

  synchronized Duration left(String key, Instant now) {
    @Nullable Delay delay = delays.get(key);
    if (delay == null || delay.isOver(now)) {
      return Duration.ZERO;
    }
    Duration left = Duration.between(now, delay.since().plus(delay.length()));
    return left.isNegative() ? Duration.ZERO : left;
  }

  synchronized void replaced(String key, Instant now) {
    delays.values().removeIf(each -> each.isOver(now));
    @Nullable Delay before = delays.get(key);
    Duration length = before == null ? FIRST : before.length().multipliedBy(2);
    delays.put(key, new Delay(length.compareTo(MAX) > 0 ? MAX : length, now));
  }
}
