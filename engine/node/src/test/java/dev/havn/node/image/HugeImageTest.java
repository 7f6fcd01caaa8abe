// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.node.configuration.EvictionPolicy;
import dev.havn.node.configuration.EvictionSignal;
import dev.havn.node.configuration.EvictionThreshold;
import dev.havn.node.kernel.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// An image that is larger than what the disk has left, on a small disk of its own.
class HugeImageTest {
  private static final String NAME = "example.test/it:1";
  private static final int MEBIBYTE = 1 << 20;

  @TempDir private Path folder;
  private Path disk;
  private boolean mounted;

  @BeforeEach
  void mount() throws IOException {
    disk = Files.createDirectory(folder.resolve("disk"));
    mounted =
        Program.run(List.of("mount", "-t", "tmpfs", "-o", "size=16m", "havn-huge", disk.toString()))
            .ok();
    Assumptions.assumeTrue(mounted, "no right to mount");
  }

  @AfterEach
  void unmount() throws IOException {
    if (mounted) {
      Program.must(List.of("umount", disk.toString()));
    }
  }

  private Path image(int mebibytes) throws IOException {
    byte[] layer = TestImages.layer("large", new byte[mebibytes * MEBIBYTE]);
    return TestImages.dockerArchive(folder.resolve("image.tar"), NAME, "{\"Cmd\":[\"x\"]}", layer);
  }

  private long filesLeft() throws IOException {
    try (Stream<Path> all = Files.walk(disk)) {
      return all.filter(Files::isRegularFile).count();
    }
  }

  @Test
  void saysSoLeavesNothingAndKeepsNoOtherOut() throws IOException {
    ImageStore store = new ImageStore(disk.resolve("images"));
    Path huge = image(32);
    assertThatThrownBy(() -> store.load(huge)).hasMessageContaining("o space left on device");
    assertThat(store.find(NAME)).isEmpty();
    assertThat(filesLeft()).isZero();
    store.load(image(4));
    assertThat(store.find(NAME)).isPresent();
  }

  @Test
  void whatTheNodeKeepsForOthersIsTakenByNoImage() throws IOException {
    EvictionPolicy half =
        new EvictionPolicy(
            List.of(
                new EvictionThreshold(
                    EvictionSignal.NODE_DISK,
                    new EvictionThreshold.Percentage(50),
                    false,
                    Duration.ZERO,
                    EvictionThreshold.Amount.NONE)),
            Duration.ZERO,
            Duration.ZERO);
    ImageStore store = new ImageStore(disk.resolve("images"), half);
    byte[] bomb = TestImages.gzip(TestImages.layer("zeros", new byte[9 * MEBIBYTE]));
    Path small =
        TestImages.dockerArchive(folder.resolve("bomb.tar"), NAME, "{\"Cmd\":[\"x\"]}", bomb);
    assertThat(Files.size(small)).isLessThan(MEBIBYTE);
    assertThatThrownBy(() -> store.load(small))
        .hasMessageContaining("no space left on device: a layer needs")
        .hasMessageContaining("the node keeps " + disk.toFile().getTotalSpace() / 8 * 5);
    assertThat(filesLeft()).isZero();
    Path fits =
        TestImages.dockerArchive(
            folder.resolve("fits.tar"),
            NAME,
            "{\"Cmd\":[\"x\"]}",
            TestImages.layer("zeros", new byte[MEBIBYTE]));
    store.load(fits);
    assertThat(store.find(NAME)).isPresent();
  }
}
