// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.replicas;

import dev.havn.reconcile.Reconciler.Key;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// How often an owner of many is looked at while nothing is to be done but to count: each of its
/// thousands says several times that it has changed, and each time all would be counted. An owner
/// is counted for at most a twentieth of the time, and rests for a quarter of a second at most; one
/// of a few hundred never rests.
final class Pace {
  private static final int REST_FOR_EACH = 19;
  private static final Duration REST_MIN = Duration.ofMillis(5);
  private static final Duration REST_MAX = Duration.ofMillis(250);

  private final Map<Key, Rest> rests = new HashMap<>();

  private record Rest(Instant until, long generation) {}

  /// How long it is until the owner may be looked at again; empty when it may be now, as after each
  /// change of what it asks for.
  synchronized Optional<Duration> rest(Key key, long generation, Instant now) {
    @Nullable Rest rest = rests.get(key);
    return rest == null || rest.generation != generation || !now.isBefore(rest.until)
        ? Optional.empty()
        : Optional.of(Duration.between(now, rest.until));
  }

  /// Notes that counting what the owner has took from `began` to `ended`.
  synchronized void counted(Key key, long generation, Instant began, Instant ended) {
    Duration rest = Duration.between(began, ended).multipliedBy(REST_FOR_EACH);
    if (rest.compareTo(REST_MIN) < 0) {
      rests.remove(key);
    } else {
      rests.put(
          key, new Rest(ended.plus(rest.compareTo(REST_MAX) < 0 ? rest : REST_MAX), generation));
    }
  }

  /// The owner is gone, or has work to go on with.
  synchronized void forget(Key key) {
    rests.remove(key);
  }
}
