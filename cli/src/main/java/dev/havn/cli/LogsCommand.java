// SPDX-License-Identifier: Apache-2.0
package dev.havn.cli;

import dev.havn.server.ServerLog;
import dev.havn.server.StartException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// Prints the server's own log, also of one that no longer runs.
@Command(
    name = "logs",
    description = "Prints the server's own log.",
    mixinStandardHelpOptions = true)
@SuppressWarnings("NullAway.Init") // picocli sets the fields before it calls the command
final class LogsCommand implements Callable<Integer> {
  @Mixin private DataDirectoryOption directory;

  @Option(
      names = "--level",
      paramLabel = "LEVEL",
      description = "The least level shown: DEBUG, INFO, WARN, ERROR (INFO).")
  private Level level = Level.INFO;

  /// In order of weight.
  enum Level {
    DEBUG,
    INFO,
    WARN,
    ERROR
  }

  @Override
  public Integer call() {
    Path log = ServerLog.current(directory.path());
    if (!Files.exists(log)) {
      throw new StartException(
          "no log at " + log + ": no cluster has run from there, --data-dir names another");
    }
    boolean[] shown = {true};
    try (Stream<String> lines = Files.lines(log)) {
      lines.filter(line -> shown[0] = isShown(line, shown[0])).forEach(System.out::println);
    } catch (IOException e) {
      throw new StartException("log " + log + " cannot be read: " + e.getMessage(), e);
    }
    return 0;
  }

  /// A continuation line follows its record.
  private boolean isShown(String line, boolean before) {
    if (line.startsWith("\t")) {
      return before;
    }
    List<String> words = List.of(line.split(" ", 3));
    if (words.size() < 2) {
      return before;
    }
    for (Level each : Level.values()) {
      if (each.name().equals(words.get(1))) {
        return each.compareTo(level) >= 0;
      }
    }
    return before;
  }
}
