// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.node.image.ImageStore;
import dev.havn.reconcile.VirtualTime;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// How containers are ended, whatever they are.
class FolderUpkeepTest {
  private static final String POD = "00000000-0000-0000-0000-000000000001";
  private static final String ID = POD + "-main-0";
  private static final Duration GRACE = Duration.ofSeconds(30);

  @TempDir private Path folder;

  private final VirtualTime time = new VirtualTime(Instant.parse("2026-01-01T00:00:00Z"));
  private final List<String> done = new ArrayList<>();
  private boolean released = true;
  private ContainerFolders folders;
  private FolderUpkeep upkeep;

  @BeforeEach
  void aContainerThatHearsNothing() throws IOException {
    folders = new ContainerFolders(folder);
    Files.createDirectories(folders.home(POD, ID));
    Ends ends = new Ends(folders, time, () -> {}, () -> {});
    upkeep =
        new FolderUpkeep(folders, ends, new ImageStore(folder.resolve("images")), time, steps());
  }

  private FolderUpkeep.Steps steps() {
    return new FolderUpkeep.Steps() {
      @Override
      public void signal(String podUid, String containerId, String signal) {
        done.add(signal);
      }

      @Override
      public void kill(String podUid, String containerId) {
        done.add("kill");
      }

      @Override
      public void release(String podUid, String containerId) throws IOException {
        if (!released) {
          throw new IOException("runc delete does not end");
        }
      }

      @Override
      public void vacate(String podUid) {
        done.add("vacate");
      }

      @Override
      public boolean isKept(Path home, String containerId) {
        return true;
      }

      @Override
      public void abandon(String podUid, String containerId) {}
    };
  }

  @Test
  void aContainerIsAskedToEndAndKilledAfterItsGrace() {
    upkeep.stop(POD, ID, GRACE);
    assertThat(done).containsExactly("TERM");
    time.advance(GRACE.minusMillis(1));
    assertThat(done).containsExactly("TERM");
    time.advance(Duration.ofMillis(1));
    assertThat(done).containsExactly("TERM", "kill");
  }

  @Test
  void aContainerThatIsNotEndedIsKilledAgain() throws IOException {
    upkeep.stop(POD, ID, Duration.ZERO);
    assertThat(done).containsExactly("kill");
    time.advance(FolderUpkeep.KILL_AGAIN);
    assertThat(done).containsExactly("kill", "kill");
    folders.end(ID, 137);
    time.advance(FolderUpkeep.KILL_AGAIN.multipliedBy(5));
    assertThat(done).containsExactly("kill", "kill");
  }

  @Test
  void aContainerThatIsRemovedIsNotKilledAgain() throws IOException {
    upkeep.stop(POD, ID, Duration.ZERO);
    Files.delete(folders.home(POD, ID));
    time.advance(FolderUpkeep.KILL_AGAIN.multipliedBy(5));
    assertThat(done).containsExactly("kill");
  }

  @Test
  void aPodIsKnownUntilNothingOfItIsLeft() {
    released = false;
    assertThatThrownBy(() -> upkeep.removePod(POD))
        .isInstanceOfSatisfying(
            ContainerRuntime.StartException.class,
            e -> assertThat(e.reason()).isEqualTo("FailedKillPod"))
        .hasMessage(
            "error killing pod: failed to \"KillPodSandbox\" for \"%s\" with KillPodSandboxError: \"runc delete does not end\""
                .formatted(POD));
    assertThat(done).containsExactly("vacate");
    assertThat(folders.pods()).containsExactly(POD);
    released = true;
    upkeep.removePod(POD);
    assertThat(folders.pods()).isEmpty();
  }

  @Test
  void aStopWhileTheNodeClosesIsNoFailure() {
    time.shutdownNow();
    upkeep.stop(POD, ID, GRACE);
    upkeep.stop(POD, ID, Duration.ZERO);
    assertThat(done).containsExactly("TERM", "kill");
  }

  @Test
  void endsOfPodsThatAreGoneAreForgotten() throws IOException {
    String gone = "00000000-0000-0000-0000-000000000002-main-0";
    folders.end(gone, 0);
    folders.end(ID, 0);
    upkeep.endAbandoned();
    assertThat(folders.exit(gone)).doesNotExist();
    assertThat(folders.exit(ID)).exists();
  }
}
