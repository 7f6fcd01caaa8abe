// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The moment from which on nobody makes or removes anything any more, so that what there is can be
/// removed: who did it while others work would find things gone, or leave what they make after it.
final class EndOfWork {
  private static final Logger LOG = LoggerFactory.getLogger(EndOfWork.class);

  /// What is done to a pod at a time takes a second or two; who hangs is not waited for.
  private static final Duration WITHIN = Duration.ofSeconds(10);

  private EndOfWork() {}

  /// Waits until all have ended, or for some seconds. Those that are told to end while nothing is
  /// to be done have ended already.
  ///
  /// @param what is worked on, for the log
  static void await(String what, List<CompletableFuture<Void>> ends) throws InterruptedException {
    try {
      CompletableFuture.allOf(ends.toArray(CompletableFuture[]::new))
          .get(WITHIN.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      LOG.warn(
          "{} are still worked on after {} s: what is made of them now may stay behind",
          what,
          WITHIN.toSeconds());
    } catch (ExecutionException e) {
      throw new IllegalStateException("work on " + what + " has not ended: " + e.getCause(), e);
    }
  }
}
