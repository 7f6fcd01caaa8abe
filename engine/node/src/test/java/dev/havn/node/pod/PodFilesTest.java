// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Containers have the files of their pod mounted one by one.
class PodFilesTest {
  private static final Pod POD =
      GoldenPods.pod("{metadata: {name: p, namespace: default, uid: u}, spec: {containers: []}}");

  @TempDir private Path folder;

  @Test
  void filesAreLeftAloneUntilTheyChangeAndAreTheSameOnesThen() throws IOException {
    PodFiles files = new PodFiles(folder, "192.0.2.10");
    files.write(POD, List.of("192.0.2.111"));
    Path hosts = folder.resolve("u/etc/hosts");
    FileTime before = FileTime.from(Instant.parse("2026-01-01T00:00:00Z"));
    Object inode = Files.getAttribute(hosts, "unix:ino");
    Files.setLastModifiedTime(hosts, before);
    files.write(POD, List.of("192.0.2.111"));
    assertThat(Files.getLastModifiedTime(hosts)).isEqualTo(before);
    files.write(POD, List.of("192.0.2.1"));
    assertThat(hosts).content().contains("192.0.2.1\t").doesNotContain("192.0.2.111");
    assertThat(hosts).content().endsWith("\n").hasLineCount(lines());
    assertThat(Files.getAttribute(hosts, "unix:ino")).isEqualTo(inode);
  }

  @Test
  void hostsNameThePodByEachOfItsAddresses() throws IOException {
    assertThat(PodFiles.hosts(POD, List.of("192.0.2.10", "fd00::a")))
        .containsPattern("(?m)^192\\.0\\.2\\.10\t\\S+\n^fd00::a\t\\S+\n");
  }

  private int lines() throws IOException {
    Path fresh = Files.createDirectory(folder.resolve("fresh"));
    new PodFiles(fresh, "192.0.2.10").write(POD, List.of("192.0.2.1"));
    return (int) Files.readString(fresh.resolve("u/etc/hosts")).lines().count();
  }
}
