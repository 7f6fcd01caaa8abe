// SPDX-License-Identifier: Apache-2.0
package dev.havn.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.havn.server.Havn;
import dev.havn.server.StartException;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/// Stops a cluster with its pods.
@Command(
    description = "Stops the cluster and its pods; the data stay.",
    mixinStandardHelpOptions = true)
@SuppressWarnings("NullAway.Init") // picocli sets the fields before it calls the command
final class DownCommand implements Callable<Integer> {
  static final int LOOKS_MAX = 3_000;
  private static final long LOOK_EVERY_MILLIS = 10;

  @Mixin private DataDirectoryOption directory;

  @Override
  public Integer call() {
    if (stop(directory)) {
      System.out.println("Havn is down.");
    } else {
      boolean left = Havn.cleanUp(directory.path());
      System.out.println(
          left
              ? "Havn was not running; what it had left behind is removed."
              : "Havn was not running.");
    }
    return 0;
  }

  /// Whether there was a server to stop.
  static boolean stop(DataDirectoryOption directory) {
    boolean running = directory.isRunning();
    if (running) {
      // One that is starting is asked as soon as it listens.
      long grace =
          directory
              .ask("down", JsonNodeFactory.instance.objectNode())
              .path("graceMilliseconds")
              .asLong();
      awaitEnd(directory, LOOKS_MAX + grace / LOOK_EVERY_MILLIS);
    }
    return running;
  }

  /// The server lets go of its data directory last.
  static void awaitEnd(DataDirectoryOption directory, long looksMax) {
    CountDownLatch never = new CountDownLatch(1);
    for (long look = 0; look < looksMax; look++) {
      if (!directory.isRunning()) {
        return;
      }
      try {
        boolean unused = never.await(LOOK_EVERY_MILLIS, TimeUnit.MILLISECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new StartException("interrupted while the cluster stopped", e);
      }
    }
    throw new StartException(
        "the server of "
            + directory.path()
            + " was asked to stop and has not: `havn logs` says why");
  }
}
