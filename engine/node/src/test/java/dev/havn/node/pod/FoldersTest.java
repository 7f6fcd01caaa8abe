// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.EmptyDirVolumeSource;
import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "HugePages | {} | medium HugePages: hugePages storage requested, but there is no resource"
            + " request for huge pages",
        "HugePages-2Mi | {hugepages-2Mi: 4Mi} | medium HugePages-2Mi: this node gives no huge"
            + " pages to pods",
        "Fast | {} | unknown storage medium \"Fast\"",
      })
  void aMediumThatIsNotThereIsRefused(String medium, String requests, String why) {
    Pod pod =
        GoldenPods.pod(
            "{metadata: {name: p}, spec: {containers: [{name: c, resources: {requests: %s}}]}}"
                .formatted(requests));
    EmptyDirVolumeSource source = new EmptyDirVolumeSource();
    source.setMedium(medium);
    assertThatThrownBy(() -> Folders.empty(pod, source, folder.resolve("v"), false))
        .isInstanceOf(IOException.class)
        .hasMessage(why);
    assertThat(folder.resolve("v")).doesNotExist();
  }
}
