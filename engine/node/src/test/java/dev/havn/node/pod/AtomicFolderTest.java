// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.node.pod.AtomicFolder.Content;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicFolderTest {
  @TempDir Path parent;

  private Path volume() {
    return parent.resolve("volume");
  }

  private static Content content(String text, int mode) {
    return new Content(text.getBytes(StandardCharsets.UTF_8), mode, null);
  }

  @Test
  void showsFilesThroughOneLink() throws IOException {
    AtomicFolder.write(
        volume(), Map.of("a", content("1", 0644), "sub/b", content("2", 0400)), null);

    assertThat(volume().resolve("a")).isSymbolicLink().content().isEqualTo("1");
    assertThat(volume().resolve("sub/b")).content().isEqualTo("2");
    assertThat(Files.readSymbolicLink(volume().resolve("a"))).isEqualTo(Path.of("..data/a"));
    assertThat(Files.readSymbolicLink(volume().resolve("sub"))).isEqualTo(Path.of("..data/sub"));
    assertThat(mode(volume().resolve("a"))).isEqualTo(0644);
    assertThat(mode(volume().resolve("sub/b"))).isEqualTo(0400);
    assertThat(mode(volume())).isEqualTo(0777);
  }

  @Test
  void movesToTheNewFilesAndForgetsTheOld() throws IOException {
    AtomicFolder.write(volume(), Map.of("a", content("1", 0644), "b", content("1", 0644)), null);
    Path before = volume().resolve("..data").toRealPath();

    AtomicFolder.write(volume(), Map.of("a", content("2", 0644), "c", content("2", 0644)), null);

    assertThat(before).doesNotExist();
    assertThat(volume().resolve("a")).content().isEqualTo("2");
    assertThat(volume().resolve("c")).content().isEqualTo("2");
    try (Stream<Path> all = Files.list(volume())) {
      assertThat(all.map(each -> each.getFileName().toString()).filter(n -> !n.startsWith("..")))
          .containsExactlyInAnyOrder("a", "c");
    }
  }

  @Test
  void staysAsItIsWhenNothingChanged() throws IOException {
    Map<String, Content> files = Map.of("a", content("1", 0644));
    AtomicFolder.write(volume(), files, null);
    Path before = volume().resolve("..data").toRealPath();

    AtomicFolder.write(volume(), files, null);

    assertThat(volume().resolve("..data").toRealPath()).isEqualTo(before);
  }

  @Test
  void letsTheGroupRead() throws IOException {
    long group = ((Number) Files.getAttribute(parent, "unix:gid")).longValue();

    AtomicFolder.write(volume(), Map.of("sub/a", content("1", 0400)), group);

    assertThat(mode(volume().resolve("sub/a"))).isEqualTo(0440);
    assertThat(mode(volume().resolve("sub").toRealPath()) & 02050).isEqualTo(02050);
  }

  @Test
  void neverFollowsALinkThatIsNotItsOwn() throws IOException {
    Path host = Files.createDirectories(parent.resolve("host"));
    Files.writeString(host.resolve("a"), "precious");
    for (String elsewhere : new String[] {host.toString(), "../host", ".."}) {
      AtomicFolder.write(volume(), Map.of("a", content("1", 0644)), null);
      Files.delete(volume().resolve("..data"));
      Files.createSymbolicLink(volume().resolve("..data"), Path.of(elsewhere));

      AtomicFolder.write(volume(), Map.of("a", content("2", 0644)), null);

      assertThat(host.resolve("a")).content().isEqualTo("precious");
      assertThat(volume().resolve("a")).content().isEqualTo("2");
    }
  }

  @Test
  void keepsFilesInside() {
    assertThatThrownBy(() -> AtomicFolder.write(volume(), Map.of("../a", content("1", 0644)), null))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("leaves its volume");
    assertThat(parent.resolve("a")).doesNotExist();
  }

  private static int mode(Path path) throws IOException {
    return (int) Files.getAttribute(path, "unix:mode") & 07777;
  }

  @Test
  void twoMayDeleteTheSameFolderAtOnce() throws Exception {
    for (int round = 0; round < 50; round++) {
      Path own = Files.createDirectories(parent.resolve("pod"));
      for (int i = 0; i < 20; i++) {
        Path volume = Files.createDirectories(own.resolve("volume" + i + "/inner"));
        Files.writeString(volume.resolve("file"), "it");
      }
      CompletableFuture<Void> other = CompletableFuture.runAsync(() -> AtomicFolder.delete(own));
      AtomicFolder.delete(own);
      other.join();
      assertThat(own).doesNotExist();
    }
    AtomicFolder.delete(parent.resolve("none"));
  }
}
