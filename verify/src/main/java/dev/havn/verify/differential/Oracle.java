// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.differential;

import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// A real Kubernetes API server on this machine, if somebody has built one: its scripts stand in
/// `$HAVN_ORACLE` or in `shared/oracle` beside the repository.
///
/// @param missing why there is none, or null
record Oracle(Path scripts, @Nullable String missing) {
  private static final long START_SECONDS_MAX = 120;

  static Oracle find() {
    @Nullable String named = System.getenv("HAVN_ORACLE");
    Path scripts = named == null ? beside() : Path.of(named);
    if (!Files.isExecutable(scripts.resolve("apiserver-up.sh"))) {
      return new Oracle(scripts, "there is no " + scripts.resolve("apiserver-up.sh"));
    }
    Path server = peers().resolve("k8s/bin/kube-apiserver");
    return new Oracle(scripts, Files.isExecutable(server) ? null : server + " is not built yet");
  }

  private static Path beside() {
    Path folder = Path.of("").toAbsolutePath();
    while (folder.getParent() != null) {
      if (Files.isDirectory(folder.resolve("shared/oracle"))) {
        return folder.resolve("shared/oracle");
      }
      folder = folder.getParent();
    }
    return folder.resolve("shared/oracle");
  }

  private static Path peers() {
    @Nullable String named = System.getenv("PEERS");
    return named == null
        ? Path.of(System.getProperty("user.home"), ".cache", "havn-peers")
        : Path.of(named);
  }

  /// Starts it with a state of its own.
  Running start() throws IOException {
    Path state = Files.createTempDirectory("havn-oracle");
    int port;
    try (ServerSocket socket = new ServerSocket(0)) {
      port = socket.getLocalPort();
    }
    Running running = new Running(scripts, state);
    run(scripts.resolve("apiserver-up.sh"), state, String.valueOf(port));
    return running;
  }

  private static void run(Path script, Path state, String port) throws IOException {
    ProcessBuilder command =
        new ProcessBuilder(script.toString())
            .redirectErrorStream(true)
            .redirectOutput(state.resolveSibling(state.getFileName() + ".log").toFile());
    command.environment().put("STATE", state.toString());
    command.environment().put("PORT", port);
    Process process = command.start();
    try {
      if (!process.waitFor(START_SECONDS_MAX, TimeUnit.SECONDS) || process.exitValue() != 0) {
        throw new IOException(script + " failed; its output is beside " + state);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while waiting for " + script, e);
    }
  }

  /// Stops it.
  record Running(Path scripts, Path state) implements AutoCloseable {
    Path kubeconfig() {
      return state.resolve("kubeconfig");
    }

    @Override
    public void close() throws IOException {
      run(scripts.resolve("apiserver-down.sh"), state, "0");
    }
  }
}
