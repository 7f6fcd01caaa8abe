// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.havn.node.kernel.Mounts;
import java.io.IOException;
import java.nio.file.Files;
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
