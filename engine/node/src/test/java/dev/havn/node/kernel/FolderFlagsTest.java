// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FolderFlagsTest {
  @TempDir private Path root;

  @Test
  void aFolderOfUnrelatedOnesIsSpreadOverAnExtDisk() throws IOException {
    Path pods = FolderFlags.makeSpread(root.resolve("node/pods"));
    assertThat(FolderFlags.makeSpread(pods)).isEqualTo(pods).isDirectory();
    String type = Files.getFileStore(root).type();
    assumeTrue(type.startsWith("ext"), "needs temporary files on ext4, not on " + type);
    assumeTrue(Program.missing(List.of("lsattr")).isEmpty(), "needs lsattr of e2fsprogs");
    assertThat(flags(pods)).contains("T");
    assertThat(flags(root)).doesNotContain("T");
  }

  private static String flags(Path folder) throws IOException {
    return Program.must(List.of("lsattr", "-d", folder.toString())).split(" ")[0];
  }

  @Test
  void anotherFileSystemKnowsNoSuchThing() throws IOException {
    Path memory = Path.of("/dev/shm");
    assumeTrue(
        Files.isWritable(memory) && Files.getFileStore(memory).type().equals("tmpfs"),
        "needs a tmpfs at " + memory);
    Path folder = Files.createTempDirectory(memory, "havn-flags");
    try {
      assertThat(FolderFlags.makeSpread(folder.resolve("pods"))).isDirectory();
    } finally {
      Files.deleteIfExists(folder.resolve("pods"));
      Files.delete(folder);
    }
  }
}
