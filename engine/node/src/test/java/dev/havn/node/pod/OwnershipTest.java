// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.havn.node.kernel.Mounts;
import dev.havn.node.kernel.Tree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OwnershipTest {
  private static final int GROUP = 4_711;

  @TempDir private Path volume;
  private Path deep;

  @BeforeEach
  void fill() throws IOException {
    assumeThat(Mounts.arePossible()).as("only root gives files away").isTrue();
    deep = Files.createDirectories(volume.resolve("folder")).resolve("file");
    Files.writeString(deep, "x");
    Files.setAttribute(deep, "unix:mode", 0600);
  }

  private void give(String policy) throws IOException {
    Ownership.give(
        GoldenPods.pod(
            "spec: {securityContext: {fsGroup: %d, fsGroupChangePolicy: %s}}"
                .formatted(GROUP, policy)),
        volume);
  }

  private static String seen(Path path) throws IOException {
    int mode = (int) Files.getAttribute(path, "unix:mode") & 07777;
    return Files.getAttribute(path, "unix:gid") + " " + Integer.toOctalString(mode);
  }

  @Test
  void theGroupMayReadAndWriteAll() throws IOException {
    give("Always");
    assertThat(seen(deep)).isEqualTo(GROUP + " 660");
    assertThat(seen(volume.resolve("folder"))).startsWith(GROUP + " 277");
    assertThat(seen(volume)).startsWith(GROUP + " 277");
  }

  @Test
  void linksAreGivenAndWhatTheyLeadToIsNot(@TempDir Path elsewhere) throws IOException {
    Path kept = Files.writeString(elsewhere.resolve("kept"), "x");
    String before = seen(kept);
    Path link = Files.createSymbolicLink(volume.resolve("link"), kept);
    give("Always");
    assertThat(Files.getAttribute(link, "unix:gid", LinkOption.NOFOLLOW_LINKS)).isEqualTo(GROUP);
    assertThat(seen(kept)).isEqualTo(before);
  }

  /// Only by going from folder to folder is it reached, and so no link can be put in between.
  @Test
  void whatLiesDeeperThanAPathIsLongIsGiven(@TempDir Path home) throws IOException {
    Path ground = Files.createDirectory(home.resolve("ground"));
    for (int i = 0; i < 30; i++) {
      Path above = Files.createDirectory(home.resolve("above"));
      Files.move(ground, above.resolve("n".repeat(200)));
      ground = Files.move(above, home.resolve("ground"));
    }
    Path top = Files.move(ground, volume.resolve("deep"));
    try {
      give("Always");
      assertThat(seen(top)).startsWith(GROUP + " ");
    } finally {
      Tree.delete(top);
    }
  }

  @Test
  void aRootThatIsAsItShouldBeSparesTheWalk() throws IOException {
    give("OnRootMismatch");
    assertThat(seen(deep)).isEqualTo(GROUP + " 660");
    Files.setAttribute(deep, "unix:gid", 1);
    give("OnRootMismatch");
    assertThat(seen(deep)).startsWith("1 ");
    give("Always");
    assertThat(seen(deep)).startsWith(GROUP + " ");
  }
}
