// SPDX-License-Identifier: Apache-2.0
package dev.havn.cli;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.server.ServerLog;
import dev.havn.server.StartException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// Prints the server's own log, the rotated files first, also of a server that no longer runs.
@Command(description = "Prints the server's own log.", mixinStandardHelpOptions = true)
@SuppressWarnings("NullAway.Init") // picocli sets the fields before it calls the command
final class LogsCommand implements Callable<Integer> {
  private static final long LOOK_EVERY_MILLIS = 200;

  @Mixin private DataDirectoryOption directory;
  @Mixin private OutputOption output;

  @Option(
      names = "--level",
      paramLabel = "LEVEL",
      description = "The least level shown: DEBUG, INFO, WARN, ERROR (INFO).")
  private Level level = Level.INFO;

  @Option(
      names = {"-f", "--follow"},
      description = "Goes on with what is logged from now on, until interrupted.")
  private boolean follows;

  private @Nullable Entry entry;

  /// In order of weight.
  enum Level {
    DEBUG,
    INFO,
    WARN,
    ERROR
  }

  /// A record with the lines that continue it.
  private record Entry(String time, Level level, String logger, StringBuilder message) {
    /// Null when a line begins no record.
    static @Nullable Entry of(String line) {
      String[] words = line.split(" ", 4);
      if (line.startsWith("\t") || words.length < 4) {
        return null;
      }
      for (Level each : Level.values()) {
        if (each.name().equals(words[1])) {
          String logger =
              words[2].endsWith(":") ? words[2].substring(0, words[2].length() - 1) : words[2];
          return new Entry(words[0], each, logger, new StringBuilder(words[3]));
        }
      }
      return null;
    }

    String text() {
      return time + " " + level + " " + logger + ": " + message;
    }

    String json() {
      ObjectNode json = JsonNodeFactory.instance.objectNode();
      json.put("time", time).put("level", level.name()).put("logger", logger);
      return json.put("message", message.toString()).toString();
    }
  }

  @Override
  public Integer call() {
    List<Path> files = ServerLog.files(directory.path());
    if (files.isEmpty()) {
      throw new StartException(
          "no log in "
              + directory.path()
              + ": no cluster has run from there, --data-dir names another");
    }
    files.subList(0, files.size() - 1).forEach(this::printWhole);
    if (follows) {
      follow(files.getLast());
    } else {
      printWhole(files.getLast());
    }
    return 0;
  }

  private void printWhole(Path file) {
    try (BufferedReader lines = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
      lines.lines().forEach(this::take);
    } catch (IOException | UncheckedIOException e) {
      throw unreadable(file, e);
    }
    flush();
  }

  /// Until the process is interrupted. A record is shown once no line that continues it is there.
  private void follow(Path file) {
    try (LogTail tail = new LogTail(file)) {
      while (!Thread.currentThread().isInterrupted()) {
        @Nullable String line = tail.line();
        if (line == null) {
          flush();
          Thread.sleep(LOOK_EVERY_MILLIS);
        } else {
          take(line);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (IOException e) {
      throw unreadable(file, e);
    }
  }

  private static StartException unreadable(Path file, Exception why) {
    return new StartException("log " + file + " cannot be read: " + why.getMessage(), why);
  }

  private void take(String line) {
    @Nullable Entry next = Entry.of(line);
    if (next != null) {
      flush();
      entry = next;
    } else if (entry != null) {
      entry.message().append('\n').append(line);
    }
  }

  private void flush() {
    if (entry != null && entry.level().compareTo(level) >= 0) {
      System.out.println(output.json() ? entry.json() : entry.text());
      System.out.flush();
    }
    entry = null;
  }
}
