// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.node.image.ImageStore;
import dev.havn.reconcile.VirtualTime;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Two containers whose logs the test writes, on a disk of which it says what is left.
class LogCareTest {
  private static final String POD = "00000000-0000-0000-0000-000000000001";
  private static final String LOUD = POD + "-loud-0";
  private static final String QUIET = POD + "-quiet-0";
  private static final long PLENTY = 1L << 40;

  @TempDir private Path folder;
  private final VirtualTime time = new VirtualTime(Instant.parse("2026-01-01T00:00:00Z"));
  private final List<String> reopened = new ArrayList<>();
  private ContainerFolders folders;
  private LogCare care;
  private long left = PLENTY;

  @BeforeEach
  void open() throws IOException {
    folders = new ContainerFolders(folder);
    for (String each : List.of("loud", "quiet")) {
      Path home = Files.createDirectories(folders.home(POD, POD + "-" + each + "-0"));
      Files.writeString(
          home.resolve("container.json"),
          """
          {"id": "%s", "name": "%s", "attempt": 0, "image": "i", "imageId": "i",
           "started": "2026-01-01T00:00:00Z", "tty": false}
          """
              .formatted(POD + "-" + each + "-0", each));
      Files.createFile(home.resolve("log"));
    }
    Ends ends = new Ends(folders, time, () -> {}, () -> {});
    FolderUpkeep upkeep =
        new FolderUpkeep(folders, ends, new ImageStore(folder.resolve("images")), time, steps());
    LogRotation rotation =
        new LogRotation(
            home -> {
              reopened.add(home.getFileName().toString());
              Files.createFile(home.resolve("log"));
            });
    care = new LogCare(upkeep, rotation, () -> left, Runnable::run);
    care.glance();
  }

  private static FolderUpkeep.Steps steps() {
    return new FolderUpkeep.Steps() {
      @Override
      public void signal(String podUid, String containerId, String signal) {}

      @Override
      public void kill(String podUid, String containerId) {}

      @Override
      public void release(String podUid, String containerId) {}

      @Override
      public void vacate(String podUid) {}

      @Override
      public boolean isKept(Path home, String containerId) {
        return true;
      }

      @Override
      public void abandon(String podUid, String containerId) {}
    };
  }

  private Path log(String id) {
    return folders.home(POD, id).resolve("log");
  }

  private void write(String id, long bytes) throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(log(id).toFile(), "rw")) {
      file.setLength(file.length() + bytes);
    }
    left -= bytes;
  }

  @Test
  void logsAreLookedAtAtOnceWhenTheDiskLosesMuchRoomAndElseInTheirTurn() throws IOException {
    write(LOUD, LogRotation.FILE_BYTES_MAX - 1);
    care.glance();
    write(LOUD, 1);
    left += 1;
    care.glance();
    assertThat(reopened).as("so little is not seen").isEmpty();
    left -= 1;
    care.glance();
    assertThat(reopened).containsExactly(LOUD);
    assertThat(care.bytesPutAway(LOUD)).isEqualTo(LogRotation.FILE_BYTES_MAX);
    assertThat(care.bytesPutAway(QUIET)).isZero();
    left = PLENTY;
    write(QUIET, LogRotation.FILE_BYTES_MAX);
    left = PLENTY;
    care.glance();
    assertThat(reopened).containsExactly(LOUD);
    care.care();
    assertThat(reopened).containsExactly(LOUD, QUIET);
  }

  @Test
  void oneThatWasFloodedIsLookedAtAgainForAWhileWhateverTheDiskSays() throws IOException {
    write(LOUD, LogRotation.FILE_BYTES_MAX);
    care.glance();
    for (int round = 0; round < 2; round++) {
      left = PLENTY;
      write(LOUD, LogRotation.FILE_BYTES_MAX);
      write(QUIET, LogRotation.FILE_BYTES_MAX);
      left = PLENTY;
      care.glance();
    }
    assertThat(reopened).containsExactly(LOUD, LOUD, LOUD);
    care.care();
    care.care();
    reopened.clear();
    left = PLENTY;
    care.glance();
    care.care();
    write(LOUD, LogRotation.FILE_BYTES_MAX);
    left = PLENTY;
    care.glance();
    assertThat(reopened).isEmpty();
  }

  @Test
  void whatAContainerSaidLastIsItsLogThoughItEndedAsThatWasMoved() throws IOException {
    write(LOUD, LogRotation.FILE_BYTES_MAX);
    care.glance();
    Files.delete(log(LOUD));
    folders.end(LOUD, 0);
    care.glance();
    assertThat(log(LOUD)).hasSize(LogRotation.FILE_BYTES_MAX);
    care.care();
    assertThat(care.bytesPutAway(LOUD)).isZero();
  }
}
