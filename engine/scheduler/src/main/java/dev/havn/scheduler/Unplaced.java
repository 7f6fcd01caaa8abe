// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler;

import dev.havn.reconcile.Controller;
import dev.havn.reconcile.Reconciler.Key;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The pods that fitted nowhere, each with the pause it has to keep.
final class Unplaced {
  private static final Duration PAUSE_MIN = Duration.ofSeconds(1);
  private static final Duration PAUSE_MAX = Duration.ofSeconds(10);

  private final InstantSource clock;
  private final Controller controller;
  private final Map<Key, Waiting> waiting = new HashMap<>();

  /// @param queued whether it stands in the queue, now or after its pause
  private record Waiting(Duration pause, Instant notBefore, boolean queued) {}

  Unplaced(InstantSource clock, Controller controller) {
    this.clock = clock;
    this.controller = controller;
  }

  /// After an attempt that failed.
  synchronized void add(Key key) {
    @Nullable Waiting before = waiting.get(key);
    Duration pause = before == null ? PAUSE_MIN : before.pause().multipliedBy(2);
    Duration bounded = pause.compareTo(PAUSE_MAX) > 0 ? PAUSE_MAX : pause;
    waiting.put(key, new Waiting(bounded, clock.instant().plus(bounded), false));
  }

  synchronized void forget(Key key) {
    waiting.remove(key);
  }

  /// Something changed: each gets another chance when its pause is over.
  synchronized void retry() {
    Instant now = clock.instant();
    waiting.replaceAll(
        (key, each) -> {
          if (!each.queued()) {
            controller.addAfter(key, Duration.between(now, each.notBefore()));
          }
          return new Waiting(each.pause(), each.notBefore(), true);
        });
  }
}
