// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UncaughtTest {
  @TempDir Path folder;
  private final List<Integer> halts = new ArrayList<>();
  private final Uncaught uncaught = new Uncaught(halts::add);

  private String logged(Throwable thrown) throws IOException {
    try (ServerLog _ = ServerLog.open(folder)) {
      uncaught.uncaughtException(new Thread(() -> {}, "task-7"), thrown);
    }
    return Files.readString(folder.resolve("havn.log.0"));
  }

  @Test
  void aFaultIsLoggedWithWhereItComesFromAndTheServerGoesOn() throws IOException {
    assertThat(logged(new IllegalStateException("not expected")))
        .contains("ERROR Uncaught: task-7 ended", "not expected", "UncaughtTest.java");
    assertThat(halts).isEmpty();
  }

  @Test
  void withoutMemoryTheServerSaysSoAndEnds() throws IOException {
    assertThat(logged(new OutOfMemoryError("Java heap space")))
        .contains("task-7 had no more memory", "havn up");
    assertThat(halts).containsExactly(Uncaught.NO_MEMORY);
  }
}
