// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.walkthrough;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// Runs programs as somebody at a prompt does: without input, both outputs together.
final class Command {
  private static final Duration ENDS_WITHIN = Duration.ofMinutes(8);

  private Command() {}

  /// How a program ended and what it said.
  record Result(List<String> command, int status, String output) {
    /// @return what it said, once it has ended well
    String succeeded() {
      assertThat(status).as("%s\n%s", String.join(" ", command), output).isZero();
      return output;
    }

    /// @return what it said, once it has ended badly
    String failed() {
      assertThat(status).as("%s\n%s", String.join(" ", command), output).isNotZero();
      return output;
    }
  }

  static Result run(Map<String, String> environment, List<String> command) {
    return run(environment, command, ENDS_WITHIN);
  }

  /// @param within what a program is given before it counts as hanging
  static Result run(Map<String, String> environment, List<String> command, Duration within) {
    try {
      Path output = Files.createTempFile("havn-command", ".txt");
      try {
        Process process = start(environment, command, output);
        if (!process.waitFor(within.toSeconds(), TimeUnit.SECONDS)) {
          process.destroyForcibly().waitFor();
          throw new AssertionError(command + " has not ended:\n" + Files.readString(output));
        }
        return new Result(command, process.exitValue(), Files.readString(output));
      } finally {
        Files.delete(output);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError("interrupted", e);
    }
  }

  /// Starts a program that goes on by itself.
  static Process start(Map<String, String> environment, List<String> command, Path output)
      throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().putAll(environment);
    Process process = builder.redirectOutput(output.toFile()).start();
    process.getOutputStream().close();
    return process;
  }

  /// A program on the path.
  static Optional<Path> onPath(String name) {
    return Stream.of(System.getenv("PATH").split(":"))
        .map(folder -> Path.of(folder, name))
        .filter(Files::isExecutable)
        .findFirst();
  }
}
