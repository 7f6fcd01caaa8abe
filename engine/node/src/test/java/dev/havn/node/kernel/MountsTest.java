// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MountsTest {
  @TempDir private Path folder;

  @BeforeEach
  void mayMount() throws IOException {
    boolean may = Mounts.arePossible();
    if (!may) {
      System.out.println("skipped: this process may not mount");
    }
    assumeThat(may).isTrue();
  }

  @Test
  void whatIsMountedIsFoundThroughLinksAndTakenAway() throws IOException {
    Path place = Files.createDirectories(folder.resolve("a place/below"));
    Path link = Files.createSymbolicLink(folder.resolve("link"), folder.resolve("a place"));
    assertThat(Mounts.isMounted(place)).isFalse();
    Mounts.dataInMemory(place, 1 << 20);
    try {
      assertThat(Mounts.isPoint(place)).isTrue();
      assertThat(Mounts.isMounted(link.resolve("below"))).isTrue();
      assertThat(Files.getFileStore(place).getTotalSpace()).isEqualTo(1 << 20);
    } finally {
      Mounts.detachBelow(link);
    }
    assertThat(Mounts.below(folder)).isEmpty();
  }

  @Test
  void whatIsMountedElsewhereStaysWhenItsCopyGoes() throws IOException {
    Path original = Files.createDirectories(folder.resolve("original"));
    Path copy = Files.createDirectories(folder.resolve("copy"));
    Path inner = Files.createDirectories(original.resolve("inner"));
    Mounts.share(original);
    Mounts.inMemory(inner, 1 << 20);
    try {
      Program.must(List.of("mount", "--rbind", original.toString(), copy.toString()));
      assertThat(Mounts.isMounted(copy.resolve("inner"))).isTrue();
      Mounts.detachBelow(copy);
      assertThat(Mounts.below(copy)).isEmpty();
      assertThat(Mounts.isMounted(inner)).isTrue();
    } finally {
      Mounts.detachBelow(folder);
    }
  }

  @Test
  void whatIsSharedIsMountedThoughNoOtherFileSystemBegins() throws IOException {
    Mounts.share(folder);
    try {
      assertThat(Mounts.isMounted(folder)).isTrue();
      assertThat(Mounts.isPoint(folder)).isFalse();
    } finally {
      Mounts.detachBelow(folder);
    }
  }
}
