// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.log;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// Copies a container's log as `kubectl logs` wants it. Blocks while it follows.
public final class LogReader {
  private static final int BUFFER_BYTES = 64 << 10;
  private static final long FOLLOW_EVERY_MILLIS = 100;

  private final Options options;
  private final BooleanSupplier running;
  private long left;

  /// @param since RFC 3339, or null for all
  /// @param tailLines the last lines only, or null for all
  /// @param limitBytes the most bytes, or null
  public record Options(
      boolean follow,
      boolean timestamps,
      @Nullable String since,
      @Nullable Long tailLines,
      @Nullable Long limitBytes) {}

  /// @param running whether the container still writes
  public LogReader(Options options, BooleanSupplier running) {
    this.options = options;
    this.running = running;
    this.left = options.limitBytes() == null ? Long.MAX_VALUE : options.limitBytes();
  }

  public void copy(Path file, OutputStream out) {
    if (!Files.isRegularFile(file)) {
      return;
    }
    @Nullable Instant since = options.since() == null ? null : parse(options.since());
    try {
      boolean goesOn = copyFile(file, since, options.tailLines() != null, out);
      while (goesOn) {
        goesOn = copyFile(file, since, false, out);
      }
    } catch (IOException gone) {
      throw new UncheckedIOException("log " + file, gone);
    }
  }

  /// @return whether the log goes on in another file that has taken this one's place
  private boolean copyFile(Path file, @Nullable Instant since, boolean tail, OutputStream out)
      throws IOException {
    @Nullable Object key = key(file);
    try (RandomAccessFile log = new RandomAccessFile(file.toFile(), "r")) {
      if (!Objects.equals(key, key(file))) {
        return true;
      }
      if (tail) {
        log.seek(startOfLast(log));
      }
      Lines lines = new Lines(log);
      for (boolean alive = true; left > 0; ) {
        boolean moved = options.follow() && isMoved(file, key);
        writeAll(lines, since, out);
        if (moved) {
          return left > 0;
        }
        if (!options.follow() || !alive) {
          return false;
        }
        alive = running.getAsBoolean();
        pause();
      }
      return false;
    }
  }

  private void writeAll(Lines lines, @Nullable Instant since, OutputStream out) throws IOException {
    for (String line = lines.next(); line != null && left > 0; line = lines.next()) {
      write(line, since, out);
    }
    out.flush();
  }

  /// Where the last lines that are wanted begin, looked for from the end: none of them is kept,
  /// however many they are. A line that is not ended yet counts as none.
  private long startOfLast(RandomAccessFile log) throws IOException {
    long wanted = options.tailLines() == null ? 0 : options.tailLines();
    byte[] buffer = new byte[BUFFER_BYTES];
    long ends = 0;
    for (long end = log.length(); end > 0; ) {
      long begin = Math.max(0, end - buffer.length);
      log.seek(begin);
      int length = (int) (end - begin);
      if (log.read(buffer, 0, length) < length) {
        return 0; // It has become shorter meanwhile.
      }
      for (int i = length - 1; i >= 0; i--) {
        if (buffer[i] == '\n' && ++ends > wanted) {
          return begin + i + 1;
        }
      }
      end = begin;
    }
    return 0;
  }

  /// Whether another file stands at the path; while a log is rotated there is none for a moment.
  private static boolean isMoved(Path file, @Nullable Object key) throws IOException {
    @Nullable Object now = key(file);
    return now != null && !now.equals(key);
  }

  private static @Nullable Object key(Path file) throws IOException {
    try {
      return Files.readAttributes(file, BasicFileAttributes.class).fileKey();
    } catch (NoSuchFileException rotating) {
      return null;
    }
  }

  /// The world's files tell nothing when they grow; looking again is all there is.
  private static void pause() throws InterruptedIOException {
    try {
      boolean never = new CountDownLatch(1).await(FOLLOW_EVERY_MILLIS, TimeUnit.MILLISECONDS);
      assert !never;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted");
    }
  }

  private static @Nullable Instant parse(String time) {
    try {
      return OffsetDateTime.parse(time).toInstant();
    } catch (DateTimeException malformed) {
      return null;
    }
  }

  private void write(String line, @Nullable Instant since, OutputStream out) throws IOException {
    int first = line.indexOf(' ');
    int second = line.indexOf(' ', first + 1);
    int third = line.indexOf(' ', second + 1);
    if (first < 0 || second < 0 || third < 0) {
      return;
    }
    String time = line.substring(0, first);
    if (since != null) {
      @Nullable Instant at = parse(time);
      if (at != null && at.isBefore(since)) {
        return;
      }
    }
    boolean partial = line.substring(second + 1, third).equals("P");
    String text =
        (options.timestamps() ? time + " " : "")
            + line.substring(third + 1)
            + (partial ? "" : "\n");
    byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
    int length = (int) Math.min(left, bytes.length);
    left -= length;
    out.write(bytes, 0, length);
  }

  /// Whole lines of a growing file; bytes are kept as they are by reading them as ISO 8859-1.
  private static final class Lines {
    private final RandomAccessFile log;
    private final byte[] buffer = new byte[BUFFER_BYTES];
    private final StringBuilder partial = new StringBuilder();
    private int position;
    private int end;

    Lines(RandomAccessFile log) {
      this.log = log;
    }

    @Nullable String next() throws IOException {
      while (true) {
        while (position < end) {
          char c = (char) (buffer[position++] & 0xff);
          if (c == '\n') {
            String line = partial.toString();
            partial.setLength(0);
            return line;
          }
          partial.append(c);
        }
        end = log.read(buffer);
        position = 0;
        if (end <= 0) {
          end = 0;
          return null;
        }
      }
    }
  }
}
