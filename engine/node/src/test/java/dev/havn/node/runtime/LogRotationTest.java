// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import dev.havn.node.kernel.Program;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.Timeout.ThreadMode;
import org.junit.jupiter.api.io.TempDir;

class LogRotationTest {
  @TempDir private Path home;

  private void grow(long bytes) throws IOException {
    try (RandomAccessFile log = new RandomAccessFile(home.resolve("log").toFile(), "rw")) {
      log.setLength(bytes);
    }
  }

  @Test
  void aLogThatIsSmallStays() throws IOException {
    grow(LogRotation.FILE_BYTES_MAX - 1);
    assertThat(new LogRotation(_ -> {}).look(home)).isZero();
    assertThat(home.resolve("log")).exists();
    assertThat(home.resolve("log.1")).doesNotExist();
  }

  @Test
  void noMoreLogsAreKeptThanTheKubeletKeeps() throws IOException {
    LogRotation rotation = new LogRotation(each -> Files.createFile(each.resolve("log")));
    for (int i = 0; i < 8; i++) {
      grow(LogRotation.FILE_BYTES_MAX + i);
      assertThat(rotation.look(home)).isEqualTo(LogRotation.FILE_BYTES_MAX + i);
    }
    try (Stream<Path> files = Files.list(home)) {
      assertThat(files.map(each -> each.getFileName().toString()))
          .containsExactlyInAnyOrder("log", "log.1", "log.2", "log.3", "log.4");
    }
    assertThat(home.resolve("log.1")).hasSize(LogRotation.FILE_BYTES_MAX + 7);
    assertThat(home.resolve("log.4")).hasSize(LogRotation.FILE_BYTES_MAX + 4);
  }

  @Test
  void ofLogsThatGrewTooLargeThereAreFewer() throws IOException {
    LogRotation rotation = new LogRotation(each -> Files.createFile(each.resolve("log")));
    for (int i = 0; i < 5; i++) {
      grow(LogRotation.OLDER_BYTES_MAX / 2 + 1);
      assertThat(rotation.look(home)).isPositive();
    }
    try (Stream<Path> files = Files.list(home)) {
      assertThat(files.map(each -> each.getFileName().toString()))
          .containsExactlyInAnyOrder("log", "log.1");
    }
  }

  @Test
  void aLogThatWasMovedAsItsWriterEndedIsGivenBack() throws IOException {
    Files.writeString(home.resolve("log.1"), "last words");
    LogRotation rotation = new LogRotation(_ -> {});
    rotation.giveBack(home);
    assertThat(home.resolve("log")).hasContent("last words");
    rotation.giveBack(home);
    assertThat(home.resolve("log")).hasContent("last words");
  }

  @Test
  void aLogThatWasMovedAndNotBegunAnewIsBegunByTheNextLook() throws IOException {
    Files.createFile(home.resolve("log.1"));
    new LogRotation(each -> Files.createFile(each.resolve("log"))).look(home);
    assertThat(home.resolve("log")).exists();
  }

  @Test
  @Timeout(value = 30, threadMode = ThreadMode.SEPARATE_THREAD)
  void aConmonThatHasEndedIsNotWaitedFor() throws IOException {
    Program.must(List.of("mkfifo", home.resolve("ctl").toString()));
    assertThatCode(() -> Conmon.reopenLog(home)).doesNotThrowAnyException();
  }

  @Test
  void onAFullDiskLinesAreTornNeverAndThereOnceWhenThereIsRoom() throws IOException {
    Files.writeString(home.resolve("out"), "one\ntwo\n");
    int[] tries = new int[2];
    ProcessLog log =
        new ProcessLog(
            home,
            () -> Instant.EPOCH,
            (file, bytes) -> {
              tries[0]++;
              boolean full = tries[1] == 0;
              int fits = full ? 7 : bytes.length;
              Files.write(file, Arrays.copyOf(bytes, fits), StandardOpenOption.APPEND);
              if (full) {
                throw new IOException("No space left on device");
              }
            });
    for (int look = 0; look < 100; look++) {
      assertThat(log.follow(false)).isFalse();
      assertThat(home.resolve("log")).isEmptyFile();
    }
    assertThat(tries[0]).isLessThan(10);
    tries[1] = 1;
    for (int look = 0; look < 100 && !log.follow(true); look++) {
      assertThat(home.resolve("log")).isEmptyFile();
    }
    assertThat(home.resolve("log"))
        .hasContent(
            """
            1970-01-01T00:00:00.000000000Z stdout F one
            1970-01-01T00:00:00.000000000Z stdout F two
            """);
  }

  @Test
  void ofAFloodThatCameFasterThanItIsWrittenDownTheEndIsKept() throws IOException {
    Path out = home.resolve("out");
    try (RandomAccessFile raw = new RandomAccessFile(out.toFile(), "rw")) {
      raw.writeBytes("first\n");
      raw.setLength(2 * ProcessLog.BEHIND_BYTES_MAX + 1);
      raw.seek(raw.length());
      raw.writeBytes("\nlast\n");
    }
    int[] chunks = new int[1];
    InstantSource counting =
        () -> {
          chunks[0]++;
          return Instant.EPOCH;
        };
    new ProcessLog(home, counting).advance(true);
    assertThat(chunks[0]).as("read of a mebibyte each").isBetween(50, 52);
    long bytes = 0;
    for (Path each : LogRotation.files(home)) {
      bytes += Files.exists(each) ? Files.size(each) : 0;
    }
    assertThat(bytes).isBetween(LogRotation.FILE_BYTES_MAX, 2 * ProcessLog.BEHIND_BYTES_MAX);
    List<String> lines = new ArrayList<>(Files.readAllLines(home.resolve("log.1")));
    lines.addAll(Files.readAllLines(home.resolve("log")));
    assertThat(lines.getLast()).isEqualTo("1970-01-01T00:00:00.000000000Z stdout F last");
    assertThat(Files.readString(home.resolve("log.position"))).startsWith(Files.size(out) + " ");
  }

  @Test
  void aPositionThatTheMachineHasLostLosesNoLinesThatWereWritten() throws IOException {
    Files.writeString(home.resolve("out"), "first\n");
    new ProcessLog(home, () -> Instant.EPOCH).advance(false);
    Files.writeString(home.resolve("log.position"), "");
    ProcessLog log = new ProcessLog(home, () -> Instant.EPOCH);
    Files.writeString(home.resolve("out"), "first\nsecond\n");
    log.advance(true);
    assertThat(home.resolve("log"))
        .hasContent(
            """
            1970-01-01T00:00:00.000000000Z stdout F first
            1970-01-01T00:00:00.000000000Z stdout F second
            """);
  }

  @Test
  void whatAContainerWritesIsInItsLogOnceWhereverTheReaderBeginsAgain() throws IOException {
    Files.writeString(home.resolve("out"), "first\nsec");
    new ProcessLog(home, () -> Instant.EPOCH).advance(false);
    // Written, but the position was not: as if the process had ended in between.
    Files.writeString(
        home.resolve("log"),
        "1970-01-01T00:00:00.000000000Z stdout F twice\n",
        StandardOpenOption.APPEND);
    Files.writeString(home.resolve("out"), "first\nsecond\nthird");
    Files.writeString(home.resolve("err"), "bad\n");
    ProcessLog log = new ProcessLog(home, () -> Instant.EPOCH);
    log.advance(false);
    log.advance(true);
    assertThat(home.resolve("log"))
        .hasContent(
            """
            1970-01-01T00:00:00.000000000Z stdout F first
            1970-01-01T00:00:00.000000000Z stdout F second
            1970-01-01T00:00:00.000000000Z stderr F bad
            1970-01-01T00:00:00.000000000Z stdout P third
            """);
  }
}
