// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.measure;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/// Runs a program to its end.
final class Program {
  private static final int MINUTES_MAX = 5;

  private Program() {}

  /// What a program printed on its standard output.
  ///
  /// @throws IllegalStateException with all it said, when it ends badly or not at all
  static String run(Map<String, String> environment, List<String> command) {
    try {
      Path out = Files.createTempFile("havn-measure", ".out");
      Path err = Files.createTempFile("havn-measure", ".err");
      try {
        ProcessBuilder builder =
            new ProcessBuilder(command).redirectOutput(out.toFile()).redirectError(err.toFile());
        builder.environment().putAll(environment);
        Process process = builder.start();
        process.getOutputStream().close();
        boolean ended = process.waitFor(MINUTES_MAX, TimeUnit.MINUTES);
        if (!ended) {
          process.destroyForcibly();
        }
        String said = Files.readString(out);
        if (!ended || process.exitValue() != 0) {
          throw new IllegalStateException(
              String.join(" ", command) + ": " + said + Files.readString(err));
        }
        return said;
      } finally {
        Files.delete(out);
        Files.delete(err);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }
}
