// SPDX-License-Identifier: Apache-2.0
package dev.havn.node;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What is done again and again, each by itself: none waits for another, which a slow disk or a
/// program that hangs may hold up.
final class Rounds implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Rounds.class);

  private final ScheduledExecutorService executor;
  private final CompletableFuture<Void> ended = new CompletableFuture<>();
  private int running;
  private boolean closed;

  Rounds(ScheduledExecutorService executor) {
    this.executor = executor;
  }

  /// Does something now, and again a pause after each time.
  ///
  /// @param failure what the log says when it throws
  void now(Duration pause, String failure, Runnable task) {
    if (!begin()) {
      return;
    }
    try {
      task.run();
    } catch (RuntimeException e) {
      LOG.warn("{}: {}", failure, e.toString());
    } finally {
      end();
    }
    later(pause, failure, task);
  }

  /// Does something after a pause, and again and again.
  void later(Duration pause, String failure, Runnable task) {
    try {
      var unused =
          executor.schedule(
              () -> now(pause, failure, task), pause.toMillis(), TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException closing) {
      close();
    }
  }

  private synchronized boolean begin() {
    if (!closed) {
      running++;
    }
    return !closed;
  }

  private synchronized void end() {
    running--;
    endIfIdle();
  }

  private void endIfIdle() {
    if (closed && running == 0) {
      ended.complete(null);
    }
  }

  /// Begins nothing more; what is being done is finished.
  @Override
  public synchronized void close() {
    closed = true;
    endIfIdle();
  }

  /// Is complete once it is closed and nothing is done any more.
  CompletableFuture<Void> ended() {
    return ended.copy();
  }
}
