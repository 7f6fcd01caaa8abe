// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.havn.node.image.ImageStore;
import dev.havn.node.runtime.ContainerRuntime.Container;
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

/// Containers in folders of which one cannot be read, or not be ended.
class FolderUpkeepTest {
  private static final String UID = "0b4a6e0c-0000-4000-8000-000000000001";
  private static final String OTHER = "0b4a6e0c-0000-4000-8000-000000000002";

  @TempDir private Path folder;
  private final VirtualTime time = new VirtualTime(Instant.parse("2026-05-04T10:00:00Z"));
  private final List<String> told = new ArrayList<>();
  private ContainerFolders folders;

  @BeforeEach
  void open() throws IOException {
    folders = new ContainerFolders(folder);
  }

  private String container(String uid, String name) throws IOException {
    String id = uid + "-" + name + "-0";
    Path home = Files.createDirectories(folders.home(uid, id));
    ImageStore.Image image =
        new ImageStore.Image("i", "sha256:1", folder, JsonNodeFactory.instance.objectNode());
    folders.record(home, id, new TestPods().spec(name).get(), image, time.instant());
    return id;
  }

  private List<String> ids(String uid) {
    return folders.containers(uid).stream().map(Container::id).toList();
  }

  @Test
  void aDescriptionThatTheMachineHasLostHidesNoOtherContainer() throws IOException {
    String empty = container(UID, "empty");
    String cut = container(UID, "cut");
    String whole = container(UID, "whole");
    Files.writeString(folders.home(UID, empty).resolve("container.json"), "");
    Files.writeString(folders.home(UID, cut).resolve("container.json"), "{\"id\":\"" + cut);
    assertThat(ids(UID)).containsExactly(whole);
    assertThat(folders.isRecorded(UID, empty)).isFalse();
    assertThat(folders.isRecorded(UID, cut)).isFalse();
    assertThat(folders.isRecorded(UID, whole)).isTrue();
    assertThat(folders.stopSignal(UID, empty)).isEqualTo("TERM");
  }

  @Test
  void oneThatCannotBeEndedKeepsNoOtherFromIt() throws IOException {
    String stuck = container(UID, "stuck");
    String other = container(OTHER, "other");
    Ends ends = new Ends(folders, time, () -> {}, () -> {});
    ImageStore images = new ImageStore(folder.resolve("images"));
    new FolderUpkeep(folders, ends, images, new Steps(stuck)).endAbandoned();
    assertThat(folders.hasEnded(stuck)).isFalse();
    assertThat(folders.hasEnded(other)).isTrue();
  }

  @Test
  void noEndWaitsForCare() throws IOException {
    String id = container(UID, "c");
    boolean[] heard = new boolean[1];
    Ends ends = new Ends(folders, time, () -> {}, () -> heard[0] |= endsWhileCareLasts(id));
    ends.onEnd(told::add);
    ends.begin();
    time.advance(Duration.ofSeconds(6));
    ends.close();
    assertThat(heard[0]).isTrue();
  }

  private boolean endsWhileCareLasts(String id) {
    try {
      folders.end(id, 0);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
    time.advance(Duration.ofSeconds(1));
    return told.contains(UID);
  }

  @Test
  void whatCannotBeReadIsReadAgainMoreAndMoreSeldom() {
    int[] looks = new int[1];
    Ends ends =
        new Ends(
            folders,
            time,
            () -> {
              looks[0]++;
              throw new IllegalStateException("too many open files");
            },
            () -> {});
    ends.begin();
    time.advance(Duration.ofMinutes(1));
    ends.close();
    assertThat(looks[0]).isBetween(5, 12);
  }

  /// All have lost their parents, and one cannot be ended.
  private record Steps(String stuck) implements FolderUpkeep.Steps {
    @Override
    public void release(String podUid, String containerId) {}

    @Override
    public void vacate(String podUid) {}

    @Override
    public boolean isKept(Path home, String containerId) {
      return false;
    }

    @Override
    public void abandon(String podUid, String containerId) throws IOException {
      if (containerId.equals(stuck)) {
        throw new IOException("runc delete does not end");
      }
    }
  }
}
