// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.daemonset;

import dev.havn.reconcile.Doubling;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// How long a failed pod stays before it is replaced: a second after the last replacement, doubling
/// up to a quarter of an hour, from the start again after half an hour of quiet. Without it a node
/// that refuses a pod would get a new one at once, for ever.
final class FailureBackoff {
  private static final Doubling PAUSES =
      new Doubling(Duration.ofSeconds(1), Duration.ofMinutes(15));

  private final Map<String, Delay> delays = new HashMap<>();

  private record Delay(int failures, Instant since) {
    boolean isOver(Instant now) {
      return PAUSES.isForgotten(since, now);
    }
  }

  synchronized Duration left(String key, Instant now) {
    @Nullable Delay delay = delays.get(key);
    if (delay == null || delay.isOver(now)) {
      return Duration.ZERO;
    }
    return PAUSES.left(delay.failures(), delay.since(), now);
  }

  synchronized void replaced(String key, Instant now) {
    delays.values().removeIf(each -> each.isOver(now));
    @Nullable Delay before = delays.get(key);
    delays.put(key, new Delay(before == null ? 1 : before.failures() + 1, now));
  }
}
