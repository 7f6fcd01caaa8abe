// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.device;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointFileTest {
  record Kept(String word) {}

  @TempDir private Path folder;

  @Test
  void onlyItsOwnerReadsWhatIsKept() throws IOException {
    Path path = folder.resolve("kept.json");
    CheckpointFile<Kept> file = new CheckpointFile<>(path, Kept.class);
    file.write(new Kept("first"));
    assertThat(mode(path)).isEqualTo("rw-------");
    Path left = Files.createFile(folder.resolve("kept.json.new"));
    Files.setPosixFilePermissions(left, PosixFilePermissions.fromString("rw-rw-rw-"));
    file.write(new Kept("second"));
    assertThat(mode(path)).isEqualTo("rw-------");
    assertThat(file.read()).contains(new Kept("second"));
  }

  private static String mode(Path path) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
  }
}
