// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import java.util.function.IntConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Logs what nobody has caught: the standard error of a server that `up` has left leads nowhere.
///
/// A task that has died for want of memory may have been somebody's only one. Such a server ends at
/// once, as if it were killed, rather than live on by half: what was acknowledged is on the disk,
/// containers go on, and the next `up` finds both.
record Uncaught(IntConsumer halt) implements Thread.UncaughtExceptionHandler {
  static final int NO_MEMORY = 3;

  private static final Logger LOG = LoggerFactory.getLogger(Uncaught.class);

  @Override
  public void uncaughtException(Thread thread, Throwable thrown) {
    boolean noMemory = thrown instanceof OutOfMemoryError;
    try {
      if (noMemory) {
        LOG.error(
            "{} had no more memory ({} MiB are all there may be, JAVA_TOOL_OPTIONS=-Xmx1g takes"
                + " more): this server ends, `havn up` goes on where it was",
            thread.getName(),
            Runtime.getRuntime().maxMemory() >> 20,
            thrown);
      } else {
        LOG.error("{} ended", thread.getName(), thrown);
      }
    } finally {
      if (noMemory) {
        halt.accept(NO_MEMORY);
      }
    }
  }
}
