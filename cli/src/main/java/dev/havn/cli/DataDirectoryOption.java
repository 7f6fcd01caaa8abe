// SPDX-License-Identifier: Apache-2.0
package dev.havn.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.havn.server.ControlSocket;
import dev.havn.server.DataDirectory;
import dev.havn.server.StartException;
import java.net.SocketException;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// `--data-dir`, which names the cluster that a command means.
final class DataDirectoryOption {
  private static final int LOOKS_MAX = 1_200;
  private static final long LOOK_EVERY_MILLIS = 50;

  @Option(
      names = "--data-dir",
      paramLabel = "DIR",
      description = "Where the cluster keeps everything (default: ~/.havn).")
  private Path path = usual();

  private static Path usual() {
    return Path.of(home(), ".havn");
  }

  /// The option as other commands need it, after a space; empty for the usual directory.
  String asTyped() {
    return path().equals(usual()) ? "" : " --data-dir " + path();
  }

  /// What `~` means to the shell and to kubectl, which the account's own folder need not be.
  private static String home() {
    @Nullable String home = System.getenv("HOME");
    return home == null || home.isBlank() ? System.getProperty("user.home") : home;
  }

  Path path() {
    return path.toAbsolutePath().normalize();
  }

  boolean isRunning() {
    return DataDirectory.isInUse(path());
  }

  /// Asks the running server.
  ///
  /// @throws StartException when none runs
  JsonNode ask(String command, JsonNode arguments) {
    if (!isRunning()) {
      throw new StartException(
          "no cluster runs from " + path() + ": `havn up` starts one, --data-dir names another");
    }
    for (int look = 0; ; look++) {
      try {
        return ControlSocket.ask(DataDirectory.controlSocket(path()), command, arguments);
      } catch (StartException e) {
        // One that is starting has locked the directory and does not listen yet.
        boolean starting = e.getCause() instanceof SocketException && isRunning();
        if (!starting || look == LOOKS_MAX) {
          throw e;
        }
      }
      pause();
    }
  }

  /// Waits until the server that runs is ready.
  void awaitReady() {
    for (int look = 0; look < LOOKS_MAX; look++) {
      if (ask("status", JsonNodeFactory.instance.objectNode()).path("ready").asBoolean()) {
        return;
      }
      pause();
    }
    throw new StartException(
        "the cluster of " + path() + " runs and does not become ready: `havn logs` says why");
  }

  private static void pause() {
    try {
      boolean unused = new CountDownLatch(1).await(LOOK_EVERY_MILLIS, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StartException("interrupted while the cluster started", e);
    }
  }
}
