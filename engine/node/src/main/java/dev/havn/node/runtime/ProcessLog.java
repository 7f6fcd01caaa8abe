// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import dev.havn.node.kernel.Program;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.InstantSource;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Makes a log in CRI format of what a container's parent has written down as it came: `out` and
/// `err` become lines of `log`, each with the time at which it was seen.
///
/// `log.position` says how far that is done, so that a line is there once whenever this process
/// ends. What is done of `out` and `err` takes no room on the disk.
final class ProcessLog {
  private static final Logger LOG = LoggerFactory.getLogger(ProcessLog.class);
  private static final int LINE_BYTES_MAX = 16 << 10;
  private static final int CHUNK_BYTES = 1 << 20;
  private static final long PUNCH_BYTES = 4L << 20;

  /// As much as is kept of a log: what is more behind would be written only to be thrown away.
  static final long BEHIND_BYTES_MAX = LogRotation.FILES_MAX * LogRotation.FILE_BYTES_MAX;

  /// In looks, of which there are ten in a second.
  private static final int SKIPS_MAX = 300;

  private static final int DOUBLINGS_MAX = 9;

  private final Path home;
  private final InstantSource clock;
  private final LogRotation rotation = new LogRotation(_ -> {});
  private final long[] done = new long[2];
  private final long[] punched = new long[2];
  private final Writing writing;
  private long length;
  private int failures;
  private int skips;

  /// Writes at the end of a file.
  @FunctionalInterface
  interface Writing {
    /// @throws IOException when less than all was written
    void append(Path file, byte[] bytes) throws IOException;
  }

  ProcessLog(Path home, InstantSource clock) throws IOException {
    this(home, clock, (file, bytes) -> Files.write(file, bytes, StandardOpenOption.APPEND));
  }

  ProcessLog(Path home, InstantSource clock, Writing writing) throws IOException {
    this.home = home;
    this.clock = clock;
    this.writing = writing;
    Path log = home.resolve("log");
    if (Files.exists(position())) {
      String text = Files.readString(position()).strip();
      if (text.matches("[0-9]{1,18} [0-9]{1,18} [0-9]{1,18}")) {
        String[] words = text.split(" ");
        done[0] = Long.parseLong(words[0]);
        done[1] = Long.parseLong(words[1]);
        length = Long.parseLong(words[2]);
      } else {
        lost(log);
      }
    }
    cutBack(log);
  }

  /// Takes away what was written beyond the position.
  private void cutBack(Path log) throws IOException {
    if (!Files.exists(log)) {
      Files.createFile(log);
      length = 0;
    } else if (Files.size(log) > length) {
      try (RandomAccessFile file = new RandomAccessFile(log.toFile(), "rw")) {
        file.setLength(length);
      }
    }
  }

  /// The machine has lost the position. What is done of `out` has no content any more, so it cannot
  /// be done again: all that is there counts as done.
  private void lost(Path log) throws IOException {
    LOG.warn("{} says nothing, what the container wrote last may be missing", position());
    done[0] = size(home.resolve("out"));
    done[1] = size(home.resolve("err"));
    length = size(log);
  }

  private static long size(Path file) throws IOException {
    return Files.exists(file) ? Files.size(file) : 0;
  }

  private Path position() {
    return home.resolve("log.position");
  }

  /// Takes over what is new. When that fails, as on a full disk, tries again after pauses that
  /// double; the log says so once.
  ///
  /// @return whether all of it is taken over
  synchronized boolean follow(boolean last) {
    if (skips > 0) {
      skips--;
      return false;
    }
    try {
      advance(last);
      if (failures > 0) {
        LOG.info("{} is kept again", home.resolve("log"));
      }
      failures = 0;
      return true;
    } catch (IOException e) {
      if (failures == 0) {
        LOG.warn("{} is not kept for now: {}", home.resolve("log"), e.toString());
      }
      skips = Math.min(SKIPS_MAX, 1 << Math.min(failures, DOUBLINGS_MAX));
      failures++;
      return false;
    }
  }

  /// Takes over what is new.
  ///
  /// @param last whether no more will come, so that a line without an end is one
  synchronized void advance(boolean last) throws IOException {
    boolean more = true;
    while (more) {
      more = advance(0, "out", last) | advance(1, "err", last);
    }
  }

  private boolean advance(int stream, String name, boolean last) throws IOException {
    Path raw = home.resolve(name);
    if (!Files.exists(raw) || Files.size(raw) <= done[stream]) {
      return false;
    }
    skip(stream, raw);
    byte[] chunk = new byte[CHUNK_BYTES];
    int count;
    try (RandomAccessFile file = new RandomAccessFile(raw.toFile(), "r")) {
      file.seek(done[stream]);
      count = file.read(chunk);
    }
    ByteArrayOutputStream lines = new ByteArrayOutputStream();
    int used = format(chunk, count, last, " std" + name + " ", lines);
    if (used == 0) {
      return false;
    }
    append(lines.toByteArray());
    done[stream] += used;
    length += lines.size();
    rotate();
    save();
    punch(stream, raw);
    return true;
  }

  /// A flood may be faster than whoever writes it down, and would fill the disk meanwhile. Only
  /// when twice as much is there as is kept, so that it is seldom.
  private void skip(int stream, Path raw) throws IOException {
    long size = Files.size(raw);
    if (size - done[stream] > 2 * BEHIND_BYTES_MAX) {
      done[stream] = size - BEHIND_BYTES_MAX;
      save();
      punch(stream, raw);
    }
  }

  /// All or nothing.
  private void append(byte[] lines) throws IOException {
    Path log = home.resolve("log");
    try {
      writing.append(log, lines);
    } catch (IOException e) {
      try {
        cutBack(log);
      } catch (IOException again) {
        e.addSuppressed(again);
      }
      throw e;
    }
  }

  /// @return how many bytes of the chunk are in the lines
  private int format(
      byte[] chunk, int count, boolean last, String stream, ByteArrayOutputStream lines) {
    String time = time(clock.instant());
    int used = 0;
    for (int i = 0; i < count; i++) {
      boolean end = chunk[i] == '\n';
      boolean cut = !end && (i - used + 1 == LINE_BYTES_MAX || (last && i == count - 1));
      if (end || cut) {
        lines.writeBytes((time + stream + (end ? "F " : "P ")).getBytes(StandardCharsets.US_ASCII));
        lines.write(chunk, used, i - used + (end ? 0 : 1));
        lines.write('\n');
        used = i + 1;
      }
    }
    return used;
  }

  private static String time(Instant instant) {
    String text = DateTimeFormatter.ISO_INSTANT.format(instant.truncatedTo(ChronoUnit.SECONDS));
    return text.substring(0, text.length() - 1) + ".%09dZ".formatted(instant.getNano());
  }

  private void rotate() throws IOException {
    if (length >= LogRotation.FILE_BYTES_MAX) {
      rotation.look(home);
      Files.createFile(home.resolve("log"));
      length = 0;
    }
  }

  private void save() throws IOException {
    Path fresh = home.resolve("log.position.new");
    Files.writeString(fresh, done[0] + " " + done[1] + " " + length + "\n");
    Files.move(fresh, position(), StandardCopyOption.ATOMIC_MOVE);
  }

  private void punch(int stream, Path raw) throws IOException {
    if (done[stream] - punched[stream] >= PUNCH_BYTES) {
      punched[stream] = done[stream];
      Program.must(
          List.of("fallocate", "--punch-hole", "--length", "" + done[stream], raw.toString()));
    }
  }
}
