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

/// Makes a log in CRI format of what a container's parent has written down as it came: `out` and
/// `err` become lines of `log`, each with the time at which it was seen.
///
/// `log.position` says how far that is done, so that a line is there once whenever this process
/// ends. What is done of `out` and `err` takes no room on the disk.
final class ProcessLog {
  private static final int LINE_BYTES_MAX = 16 << 10;
  private static final int CHUNK_BYTES = 1 << 20;
  private static final long PUNCH_BYTES = 4L << 20;

  private final Path home;
  private final InstantSource clock;
  private final LogRotation rotation = new LogRotation(_ -> {});
  private final long[] done = new long[2];
  private final long[] punched = new long[2];
  private long length;

  ProcessLog(Path home, InstantSource clock) throws IOException {
    this.home = home;
    this.clock = clock;
    Path log = home.resolve("log");
    if (Files.exists(position())) {
      String[] words = Files.readString(position()).strip().split(" ");
      done[0] = Long.parseLong(words[0]);
      done[1] = Long.parseLong(words[1]);
      length = Long.parseLong(words[2]);
    }
    if (!Files.exists(log)) {
      Files.createFile(log);
      length = 0;
    } else if (Files.size(log) > length) {
      try (RandomAccessFile file = new RandomAccessFile(log.toFile(), "rw")) {
        file.setLength(length);
      }
    }
  }

  private Path position() {
    return home.resolve("log.position");
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
    Files.write(home.resolve("log"), lines.toByteArray(), StandardOpenOption.APPEND);
    done[stream] += used;
    length += lines.size();
    rotate();
    save();
    punch(stream, raw);
    return true;
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
