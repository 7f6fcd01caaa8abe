// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import dev.havn.node.kernel.Program;
import dev.havn.node.runtime.ContainerRuntime.StartException;
import dev.havn.node.runtime.ContainerRuntime.Streams;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A command whose streams are somebody else's.
final class Exec {
  private static final Logger LOG = LoggerFactory.getLogger(Exec.class);
  private static final int BUFFER_BYTES = 32 << 10;
  private static final int LOOKS_MAX = 200;
  private static final Duration FOR_EVER = Duration.ofMillis(Long.MAX_VALUE);

  private Exec() {}

  /// The command on a terminal of its own; [Streams#onResize()] sets its size.
  static List<String> onTerminal(List<String> command) {
    return List.of("script", "-qefc", Conmon.quote(command), "/dev/null");
  }

  /// @param environment all of it; empty for this process's own
  /// @return the exit code, -1 when the time was up
  static int run(
      List<String> command, Map<String, String> environment, Streams streams, Duration timeout) {
    try {
      ProcessBuilder builder = Program.builder(command);
      if (!environment.isEmpty()) {
        builder.environment().clear();
        builder.environment().putAll(environment);
      }
      Process process = builder.start();
      streams.onClose().accept(process::destroy);
      streams
          .onResize()
          .accept(
              (width, height) ->
                  Thread.ofVirtual().start(() -> resize(process.toHandle(), width, height)));
      List<Thread> outputs = new ArrayList<>();
      outputs.add(pump(process.getInputStream(), streams.stdout()));
      outputs.add(pump(process.getErrorStream(), streams.stderr()));
      if (streams.stdin() == null) {
        process.getOutputStream().close();
      } else {
        InputStream from = streams.stdin();
        var unused = Thread.ofVirtual().start(() -> feed(from, process.getOutputStream()));
      }
      if (timeout.isZero()) {
        process.waitFor();
      } else if (!process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS)) {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
        return -1;
      }
      for (Thread each : outputs) {
        // A process that the command has left behind may hold its output for ever.
        boolean unused = each.join(timeout.isZero() ? FOR_EVER : timeout);
      }
      return process.exitValue();
    } catch (IOException e) {
      throw new StartException("ExecError", "exec: " + e.getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new StartException("ExecError", "interrupted", e);
    }
  }

  /// Gives the terminal that `script` made for its child a size, from where runc takes it.
  static void resize(ProcessHandle script, int width, int height) {
    for (int look = 0; look < LOOKS_MAX && script.isAlive(); look++) {
      Optional<ProcessHandle> child = script.children().findFirst();
      try {
        Path input = child.map(each -> Path.of("/proc/" + each.pid() + "/fd/0")).orElse(null);
        String terminal = input == null ? "" : Files.readSymbolicLink(input).toString();
        if (terminal.startsWith("/dev/pts/")) {
          Program.must(List.of("stty", "-F", terminal, "rows", "" + height, "cols", "" + width));
          return;
        }
        Pause.brief();
      } catch (IOException e) {
        LOG.debug("the terminal of {} keeps its size: {}", script.pid(), e.getMessage());
        return;
      }
    }
  }

  private static void feed(InputStream from, OutputStream to) {
    try (OutputStream out = to) {
      byte[] buffer = new byte[BUFFER_BYTES];
      for (int n = from.read(buffer); n >= 0; n = from.read(buffer)) {
        out.write(buffer, 0, n);
        out.flush();
      }
    } catch (IOException e) {
      LOG.debug("no more input: {}", e.getMessage());
    }
  }

  private static Thread pump(InputStream from, @Nullable OutputStream to) {
    return Thread.ofVirtual()
        .start(
            () -> {
              byte[] buffer = new byte[BUFFER_BYTES];
              try {
                for (int n = from.read(buffer); n >= 0; n = from.read(buffer)) {
                  if (to != null) {
                    to.write(buffer, 0, n);
                    to.flush();
                  }
                }
              } catch (IOException e) {
                LOG.debug("output ends: {}", e.getMessage());
              }
            });
  }
}
