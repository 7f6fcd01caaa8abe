// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.proxy;

import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.ScheduledFuture;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Gives up when nothing has moved for some time; notices that after one to two times as long.
final class Patience {
  private final EventExecutor loop;
  private final Duration time;
  private final Runnable giveUp;
  private @Nullable ScheduledFuture<?> timer;
  private boolean moved;

  Patience(EventExecutor loop, Duration time, Runnable giveUp) {
    this.loop = loop;
    this.time = time;
    this.giveUp = giveUp;
    start();
  }

  private void start() {
    timer = loop.schedule(this::look, time.toMillis(), TimeUnit.MILLISECONDS);
  }

  private void look() {
    if (moved) {
      moved = false;
      start();
    } else {
      giveUp.run();
    }
  }

  void moved() {
    moved = true;
  }

  void stop() {
    if (timer != null) {
      timer.cancel(false);
    }
  }
}
