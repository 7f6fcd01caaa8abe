// SPDX-License-Identifier: Apache-2.0
package dev.havn.node;

import dev.havn.node.configuration.KubeletConfiguration.Shutdown;
import dev.havn.node.pod.PodReconciler;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Ends the pods of a node that goes down: those that are not critical first, then the others, each
/// kind within its time.
final class NodeShutdown {
  private static final Logger LOG = LoggerFactory.getLogger(NodeShutdown.class);
  private static final Duration LOOK_EVERY = Duration.ofMillis(100);

  private final PodReconciler pods;
  private final Shutdown times;
  private final InstantSource clock;
  private final ScheduledExecutorService executor;
  private final CompletableFuture<Void> done = new CompletableFuture<>();

  NodeShutdown(
      PodReconciler pods, Shutdown times, InstantSource clock, ScheduledExecutorService executor) {
    this.pods = pods;
    this.times = times;
    this.clock = clock;
    this.executor = executor;
  }

  /// Returns at once.
  ///
  /// @return is complete when all have ended, or their time is over
  CompletableFuture<Void> begin() {
    end(false, times.all().minus(times.critical()));
    return done;
  }

  private void end(boolean critical, Duration within) {
    pods.shutDown(critical, within);
    look(critical, clock.instant().plus(within));
  }

  private void look(boolean critical, Instant until) {
    boolean isOver = pods.areOver(critical) || !clock.instant().isBefore(until);
    try {
      if (!isOver) {
        var unused =
            executor.schedule(
                () -> look(critical, until), LOOK_EVERY.toMillis(), TimeUnit.MILLISECONDS);
      } else if (critical) {
        done.complete(null);
      } else {
        end(true, times.critical());
      }
    } catch (RejectedExecutionException closing) {
      LOG.warn("pods are not waited for: {}", closing.toString());
      done.complete(null);
    }
  }
}
