// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.log;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LogReaderTest {
  private static final String LINE = "2026-01-01T00:00:0%d.000000000Z stdout %s line %d\n";

  @TempDir private Path folder;
  private Path log;

  @BeforeEach
  void write() throws IOException {
    log = folder.resolve("log");
    Files.writeString(log, "");
    for (int i = 1; i <= 3; i++) {
      append(i);
    }
  }

  private void append(int number) throws IOException {
    Files.writeString(
        log,
        LINE.formatted(number, "F", number),
        StandardOpenOption.CREATE,
        StandardOpenOption.APPEND);
  }

  private String read(LogReader.Options options, Step... steps) {
    Deque<Step> left = new ArrayDeque<>(List.of(steps));
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    LogReader reader = new LogReader(options, () -> next(left));
    reader.copy(log, out);
    return out.toString(StandardCharsets.UTF_8);
  }

  /// What happens while the reader waits.
  @FunctionalInterface
  private interface Step {
    void run() throws IOException;
  }

  private static boolean next(Deque<Step> left) {
    Step step = left.pollFirst();
    if (step == null) {
      return false;
    }
    try {
      step.run();
      return true;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static LogReader.Options options(boolean follow, Long tail) {
    return new LogReader.Options(follow, false, null, tail, null);
  }

  @Test
  void linesAreReadAndTheLastOnesOnly() {
    assertThat(read(options(false, null))).isEqualTo("line 1\nline 2\nline 3\n");
    assertThat(read(options(false, 2L))).isEqualTo("line 2\nline 3\n");
    assertThat(read(options(false, 0L))).isEmpty();
  }

  /// The lines are looked for from the end, over the bounds of what is read at once.
  @Test
  void theLastLinesOfALongLogAreFoundWhereverTheyBegin() throws IOException {
    StringBuilder lines = new StringBuilder();
    List<String> all = new ArrayList<>();
    for (int i = 0; i < 5_000; i++) {
      lines.append("2026-01-01T00:00:00.000000000Z stdout F line ").append(i).append('\n');
      all.add("line " + i);
    }
    Files.writeString(log, lines + "2026-01-01T00:00:00.000000000Z stdout F not yet");
    for (long tail : List.of(0L, 1L, 1_310L, 1_311L, 4_999L, 5_000L, 5_001L, Long.MAX_VALUE)) {
      int shown = (int) Math.min(tail, 5_000);
      assertThat(read(options(false, tail)).lines())
          .containsExactlyElementsOf(all.subList(5_000 - shown, 5_000));
    }
  }

  @Test
  void sinceTimestampsAndALimit() {
    String since = "2026-01-01T00:00:02Z";
    assertThat(read(new LogReader.Options(false, true, since, null, null)))
        .isEqualTo(
            "2026-01-01T00:00:02.000000000Z line 2\n2026-01-01T00:00:03.000000000Z line 3\n");
    assertThat(read(new LogReader.Options(false, false, null, null, 9L))).isEqualTo("line 1\nli");
  }

  @Test
  void pieceOfALineIsNotEnded() throws IOException {
    Files.writeString(log, LINE.formatted(1, "P", 1) + LINE.formatted(2, "F", 2));
    assertThat(read(options(false, null))).isEqualTo("line 1line 2\n");
  }

  @Test
  void whoFollowsReadsOnInTheFileThatTakesTheLogsPlace() {
    Step rotate = () -> Files.move(log, folder.resolve("log.1"));
    Step late =
        () ->
            Files.writeString(
                folder.resolve("log.1"), LINE.formatted(4, "F", 4), StandardOpenOption.APPEND);
    assertThat(read(options(true, 1L), rotate, late, () -> append(5), () -> append(6)))
        .isEqualTo("line 3\nline 4\nline 5\nline 6\n");
  }
}
