// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.logging.ConsoleHandler;
import java.util.logging.ErrorManager;
import java.util.logging.FileHandler;
import java.util.logging.Formatter;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;

/// The server's own log: `havn.log.0` in the data directory, rotated by size.
///
/// One line a record: time (UTC), level, logger, message; a stack trace follows on lines that begin
/// with a tab.
public final class ServerLog implements AutoCloseable {
  private static final int FILE_BYTES_MAX = 8 << 20;
  private static final int FILES_MAX = 4;

  private final Handler handler;

  private ServerLog(Handler handler) {
    this.handler = handler;
  }

  /// Sends everything that is logged in this process to the folder's log.
  public static ServerLog open(Path dataDirectory) {
    try {
      Handler handler =
          new FileHandler(pattern(dataDirectory), FILE_BYTES_MAX, FILES_MAX, /* append= */ true);
      handler.setFormatter(new Line());
      handler.setEncoding("UTF-8");
      handler.setErrorManager(new Unwritable());
      handler.setFilter(ServerLog::isNews);
      LogManager.getLogManager().reset();
      Logger root = Logger.getLogger("");
      root.setLevel(Level.INFO);
      root.addHandler(handler);
      return new ServerLog(handler);
    } catch (IOException e) {
      throw new StartException(
          "the log in " + dataDirectory + " cannot be written: " + e.getMessage(), e);
    }
  }

  /// Sends everything that is logged in this process to standard error, for processes whose output
  /// somebody else keeps.
  public static void toStandardError() {
    LogManager.getLogManager().reset();
    Logger root = Logger.getLogger("");
    root.setLevel(Level.INFO);
    Handler handler = new ConsoleHandler();
    handler.setFormatter(new Line());
    handler.setFilter(ServerLog::isNews);
    root.addHandler(handler);
  }

  /// gRPC asks at each connection for TCP to be kept alive, also of a Unix socket, and Netty warns.
  private static boolean isNews(LogRecord record) {
    return !String.valueOf(record.getMessage()).startsWith("Unknown channel option 'SO_KEEPALIVE'");
  }

  /// The files that are there, oldest first; the last one is being written.
  public static List<Path> files(Path dataDirectory) {
    List<Path> files = new ArrayList<>();
    for (int i = FILES_MAX - 1; i >= 0; i--) {
      Path file = dataDirectory.resolve("havn.log." + i);
      if (Files.exists(file)) {
        files.add(file);
      }
    }
    return files;
  }

  private static String pattern(Path dataDirectory) {
    return dataDirectory.toString().replace("%", "%%") + "/havn.log.%g";
  }

  @Override
  public void close() {
    Logger.getLogger("").removeHandler(handler);
    handler.close();
  }

  /// A record that the disk does not take is lost: there is no other place to say so, and the
  /// server goes on.
  private static final class Unwritable extends ErrorManager {
    @Override
    public void error(String message, Exception failure, int code) {}
  }

  private static final class Line extends Formatter {
    @Override
    public String format(LogRecord record) {
      StringBuilder line =
          new StringBuilder()
              .append(record.getInstant().truncatedTo(ChronoUnit.MILLIS))
              .append(' ')
              .append(level(record.getLevel()))
              .append(' ')
              .append(shortName(record.getLoggerName()))
              .append(": ")
              .append(formatMessage(record).replace("\n", "\n\t"))
              .append('\n');
      @Nullable Throwable thrown = record.getThrown();
      if (thrown != null) {
        StringWriter trace = new StringWriter();
        thrown.printStackTrace(new PrintWriter(trace, true));
        line.append('\t')
            .append(trace.toString().strip().replace("\n\t", "\n").replace("\n", "\n\t"))
            .append('\n');
      }
      return line.toString();
    }

    private static String level(Level level) {
      if (level.intValue() >= Level.SEVERE.intValue()) {
        return "ERROR";
      }
      if (level.intValue() >= Level.WARNING.intValue()) {
        return "WARN";
      }
      return level.intValue() >= Level.INFO.intValue() ? "INFO" : "DEBUG";
    }

    private static String shortName(@Nullable String logger) {
      return logger == null ? "-" : logger.substring(logger.lastIndexOf('.') + 1);
    }
  }
}
