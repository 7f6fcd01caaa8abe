// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DataDirectoryTest {
  private final SecureRandom random = new SecureRandom();

  @TempDir private Path folder;

  private DataDirectory open(Path path) {
    return DataDirectory.open(path, random);
  }

  @Test
  void keepsItsIdAndIsForItsOwnerOnly() throws IOException {
    Path path = folder.resolve("new").resolve("data");
    String id;
    try (DataDirectory directory = open(path)) {
      id = directory.clusterId();
      assertThat(id).matches("[0-9a-f]{8}");
      assertThat(mode(path)).isEqualTo("rwx------");
    }
    try (DataDirectory again = open(path)) {
      assertThat(again.clusterId()).isEqualTo(id);
    }
  }

  /// A folder that was there, as `mkdir` makes it.
  @Test
  void isClosedToOthersWhereItIsHavnsAlone() throws IOException {
    for (int start = 1; start <= 2; start++) {
      mode(folder, "rwxr-xr-x");
      open(folder).close();
      assertThat(mode(folder)).isEqualTo("rwx------");
    }
    mode(folder, "rwxr-x---");
    open(folder).close();
    assertThat(mode(folder)).as("who let a group in meant it").isEqualTo("rwxr-x---");
  }

  @Test
  void aFolderOfOthersIsNeitherClosedNorUsedWhileEverybodyReadsIt() throws IOException {
    Files.writeString(folder.resolve("notes"), "text");
    mode(folder, "rwxr-xr-x");
    assertThatThrownBy(() -> open(folder))
        .isInstanceOf(StartException.class)
        .hasMessageContaining(folder + " has files of others and is open to all users")
        .hasMessageContaining("`chmod o= " + folder + "`");
    assertThat(mode(folder)).isEqualTo("rwxr-xr-x");
    assertThat(folder.resolve("lock")).doesNotExist();
    mode(folder, "rwx------");
    open(folder).close();
  }

  private static String mode(Path path) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
  }

  private static void mode(Path path, String mode) throws IOException {
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(mode));
  }

  @Test
  void oneHavnAtATime() {
    try (DataDirectory first = open(folder)) {
      assertThat(DataDirectory.isInUse(first.path())).isTrue();
      assertThat(DataDirectory.holder(first.path()))
          .isEqualTo(String.valueOf(ProcessHandle.current().pid()));
      assertThatThrownBy(() -> open(folder))
          .isInstanceOf(StartException.class)
          .hasMessageContaining("is in use by another Havn");
    }
    assertThat(DataDirectory.isInUse(folder)).isFalse();
  }

  @Test
  void anUnknownFormatIsRefusedAndLeftAlone() throws IOException {
    Files.writeString(folder.resolve("format"), "99\n");
    assertThatThrownBy(() -> open(folder))
        .isInstanceOf(StartException.class)
        .hasMessageContaining("has format '99', this Havn reads '1'")
        .hasMessageContaining("--data-dir");
    assertThat(folder.resolve("cluster-id")).doesNotExist();
    Files.writeString(folder.resolve("format"), "1\n");
    open(folder).close();
  }

  @Test
  void aPathThatCannotBeAFolderIsOneClearLine() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "text");
    for (Path path : new Path[] {file, file.resolve("below"), Path.of("/proc/havn")}) {
      assertThatThrownBy(() -> open(path))
          .isInstanceOf(StartException.class)
          .hasMessageContaining(path.toString())
          .hasMessageContaining("choose another with --data-dir")
          .message()
          .doesNotContain("\n");
    }
  }

  @Test
  void aDamagedIdIsRefused() throws IOException {
    Files.writeString(folder.resolve("cluster-id"), "zz");
    assertThatThrownBy(() -> open(folder))
        .isInstanceOf(StartException.class)
        .hasMessageContaining("expected eight hexadecimal digits");
  }
}
