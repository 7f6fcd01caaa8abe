// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.image;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.node.configuration.ImagePolicy;
import dev.havn.node.image.ImageCollector.Collected;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageCollectorTest {
  @TempDir private Path folder;
  private final Set<String> used = new HashSet<>();
  private final Set<String> pinned = new HashSet<>();
  private Instant now = Instant.parse("2026-05-04T10:00:00Z");
  private ImageStore store;
  private ImageCollector collector;

  @BeforeEach
  void open() throws IOException {
    store = new ImageStore(folder.resolve("images"));
    collector = new ImageCollector(store, pinned::contains, () -> now);
    collector.addUser(() -> used);
    for (String each : new String[] {"one", "two", "three"}) {
      byte[] content = each.getBytes(StandardCharsets.UTF_8);
      byte[] layer = new TestImages.TestTar().file("name", content, 0644).bytes();
      store.load(
          TestImages.dockerArchive(folder.resolve(each + ".tar"), "r.test/" + each, "{}", layer));
    }
  }

  private Set<String> names() {
    return store.list().keySet();
  }

  @Test
  void unusedImagesLeaveADiskThatIsTooFull() {
    used.add("r.test/one:latest");
    pinned.add(store.id("r.test/two:latest").orElseThrow());
    Collected collected = collector.collect(ImagePolicy.STANDARD, 1_000_000, 100_000);
    assertThat(names()).containsExactlyInAnyOrder("r.test/one:latest", "r.test/two:latest");
    assertThat(collected.bytes()).isPositive();
    assertThat(collected.problem().orElseThrow().reason()).isEqualTo("FreeDiskSpaceFailed");
    assertThat(collected.problem().orElseThrow().message())
        .isEqualTo(
            "Failed to garbage collect required amount of images. Attempted to free 100000 bytes,"
                + " but only found "
                + collected.bytes()
                + " bytes eligible to free.");
  }

  @Test
  void noMoreGoThanTheDiskNeeds() {
    used.add("r.test/two:latest");
    collector.collect(ImagePolicy.STANDARD, 1_000, 500);
    used.clear();
    now = now.plusSeconds(300);
    assertThat(collector.collect(ImagePolicy.STANDARD, 1_000, 150).problem()).isEmpty();
    assertThat(names()).hasSize(2).contains("r.test/two:latest");
  }

  @Test
  void aDiskWithRoomKeepsThemAll() {
    assertThat(collector.collect(ImagePolicy.STANDARD, 1_000, 500)).isEqualTo(Collected.NOTHING);
    assertThat(names()).hasSize(3);
    assertThat(collector.collect(ImagePolicy.STANDARD, 0, 0).problem().orElseThrow().reason())
        .isEqualTo("InvalidDiskCapacity");
  }

  @Test
  void anImageThatHasJustComeStaysForAWhile() throws IOException {
    collector.removeUnused(ImagePolicy.STANDARD);
    assertThat(names()).isEmpty();
    open();
    collector.collect(ImagePolicy.STANDARD, 1_000, 500);
    byte[] layer =
        new TestImages.TestTar().file("new", "new".getBytes(StandardCharsets.UTF_8), 0644).bytes();
    store.load(TestImages.dockerArchive(folder.resolve("new.tar"), "r.test/new", "{}", layer));
    now = now.plusSeconds(30);
    collector.removeUnused(ImagePolicy.STANDARD);
    assertThat(names()).containsExactly("r.test/new:latest");
    now = now.plusSeconds(130);
    collector.removeUnused(ImagePolicy.STANDARD);
    assertThat(names()).isEmpty();
  }
}
