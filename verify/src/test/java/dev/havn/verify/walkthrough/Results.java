// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.walkthrough;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;

/// Pages of long runs in `verify/results`.
final class Results {
  private static final Path ROOT = Path.of(System.getProperty("havn.root", "..")).toAbsolutePath();
  private static final DateTimeFormatter NAME =
      DateTimeFormatter.ofPattern("uuuuMMdd'T'HHmmss").withZone(ZoneOffset.UTC);

  private Results() {}

  /// Keeps what a run found.
  ///
  /// @param kind the last word of the file's name
  /// @param title without the time
  /// @param table in Markdown
  static void keep(String kind, String title, String table) throws IOException {
    Instant now = Instant.now().truncatedTo(ChronoUnit.MINUTES);
    String commit =
        Command.run(Map.of(), List.of("git", "-C", ROOT.toString(), "rev-parse", "--short", "HEAD"))
            .succeeded()
            .strip();
    String load = Files.readString(Path.of("/proc/loadavg")).split(" ")[2];
    Path file =
        ROOT.resolve("verify/results")
            .resolve(NAME.format(now) + "-" + commit + "-" + kind + ".md");
    Files.writeString(
        file,
        """
        # %s at %s

        %d processors (load average of the last 15 minutes in the end: %s), Java %s, Linux %s, commit %s. By `./havn verify --full`.

        %s"""
            .formatted(
                title,
                now,
                Runtime.getRuntime().availableProcessors(),
                load,
                System.getProperty("java.runtime.version"),
                System.getProperty("os.version").replaceAll("-.*", ""),
                commit,
                table));
    System.out.println("results: " + file);
  }
}
