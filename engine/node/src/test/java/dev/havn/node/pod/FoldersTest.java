// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.EmptyDirVolumeSource;
import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FoldersTest {
  private static final Pod POD =
      GoldenPods.pod("{metadata: {name: p}, spec: {containers: [{name: c}]}}");

  @TempDir private Path folder;

  private String mode() throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("v")));
  }

  private void make() throws IOException {
    Folders.empty(POD, new EmptyDirVolumeSource(), folder.resolve("v"), false);
  }

  @Test
  void aFolderThatAKillLeftHalfMadeIsMadeWhole() throws IOException {
    Files.createDirectory(
        folder.resolve("v"),
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    make();
    assertThat(mode()).isEqualTo("rwxrwxrwx");
  }

  @Test
  void aModeThatThePodGaveStays() throws IOException {
    make();
    Files.setPosixFilePermissions(
        folder.resolve("v"), PosixFilePermissions.fromString("rwxr-x---"));
    make();
    assertThat(mode()).isEqualTo("rwxr-x---");
  }
}
