// SPDX-License-Identifier: Apache-2.0
package dev.havn.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LogTailTest {
  @TempDir private Path folder;

  private static void append(Path file, String text) throws IOException {
    Files.writeString(file, text, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
  }

  @Test
  void aLineIsThereOnceItIsWhole() throws IOException {
    Path log = folder.resolve("log");
    try (LogTail tail = new LogTail(log)) {
      assertThat(tail.line()).isNull();
      append(log, "one\ntw");
      assertThat(tail.line()).isEqualTo("one");
      assertThat(tail.line()).isNull();
      append(log, "o \u00e9\n");
      assertThat(tail.line()).isEqualTo("two \u00e9");
      assertThat(tail.line()).isNull();
    }
  }

  @Test
  void aFileThatWasMovedAwayIsReadToItsEndFirst() throws IOException {
    Path log = folder.resolve("log");
    append(log, "one\n");
    try (LogTail tail = new LogTail(log)) {
      assertThat(tail.line()).isEqualTo("one");
      append(log, "two\n");
      Files.move(log, folder.resolve("log.1"));
      append(log, "three\n");
      assertThat(tail.line()).isEqualTo("two");
      assertThat(tail.line()).isEqualTo("three");
      assertThat(tail.line()).isNull();
    }
  }
}
