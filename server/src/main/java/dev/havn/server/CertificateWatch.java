// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.reconcile.Api;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Looks again and again whether certificates are to be renewed; one that cannot be keeps no other
/// from it, and is tried again the next time. Threads: those of the executor, one after another.
final class CertificateWatch {
  static final Duration LOOK_EVERY = Duration.ofMinutes(5);

  private static final Logger LOG = LoggerFactory.getLogger(CertificateWatch.class);

  private final List<Step> steps;
  private final ScheduledExecutorService executor;

  /// Renews one where it is time to.
  @FunctionalInterface
  interface Step {
    void renew() throws IOException;
  }

  CertificateWatch(ScheduledExecutorService executor, Step... steps) {
    this.executor = executor;
    this.steps = List.of(steps);
  }

  /// Looks now, and every five minutes until the executor ends.
  void look() {
    for (Step each : steps) {
      try {
        each.renew();
      } catch (IOException | Api.RefusedException | UncheckedIOException e) {
        LOG.warn("a certificate of the node is not renewed, trying again: {}", e.getMessage());
      } catch (RuntimeException e) {
        // Whatever it is, it must not end the looking: certificates end.
        LOG.error("a certificate of the node is not renewed, trying again", e);
      }
    }
    try {
      var unused = executor.schedule(this::look, LOOK_EVERY.toMillis(), TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException closing) {
      LOG.debug("the node is being stopped");
    }
  }
}
