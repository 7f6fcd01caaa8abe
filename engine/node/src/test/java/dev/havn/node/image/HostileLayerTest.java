// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.image;

import static dev.havn.node.image.TestImages.dockerArchive;
import static dev.havn.node.image.TestImages.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.node.configuration.EvictionPolicy;
import dev.havn.node.image.TestImages.TestTar;
import dev.havn.node.kernel.Program;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Layers that somebody made to reach the machine or to keep it busy.
@Timeout(60)
class HostileLayerTest {
  private static final String NAME = "example.test/it:1";

  @TempDir private Path folder;
  private ImageStore store;

  @BeforeEach
  void open() {
    store = new ImageStore(folder.resolve("images"));
  }

  private Path load(byte[]... layers) throws IOException {
    store.load(dockerArchive(folder.resolve("image.tar"), NAME, "{}", layers));
    return store.find(NAME).orElseThrow().rootfs();
  }

  private static int mode(Path path) throws IOException {
    return (int) Files.getAttribute(path, "unix:mode") & 07777;
  }

  @Test
  void aFolderThatALinkReplacesGivesItsAttributesToNothingOutside() throws IOException {
    Path outside = Files.createDirectories(folder.resolve("outside/shadow"));
    Files.setAttribute(outside, "unix:mode", 0700);
    FileTime before = Files.getLastModifiedTime(outside);
    Path parent = folder.resolve("outside");
    byte[] ofParent = new TestTar().folder("a/shadow/", 0666).link("a", parent.toString()).bytes();
    byte[] ofItself = new TestTar().folder("b/", 0666).link("b", outside.toString()).bytes();
    Path rootfs = load(ofParent, ofItself);
    assertThat(mode(outside)).isEqualTo(0700);
    assertThat(Files.getLastModifiedTime(outside)).isEqualTo(before);
    assertThat(rootfs.resolve("a")).isSymbolicLink();
    assertThat(rootfs.resolve("b")).isSymbolicLink();
  }

  @Test
  void aFolderThatComesBackHasItsLastAttributes() throws IOException {
    byte[] layer =
        new TestTar()
            .folder("a/", 0777)
            .file("a", text("1"), 0644)
            .folder("a/", 0750)
            .folder("a/b/", 0710)
            .bytes();
    Path rootfs = load(layer);
    assertThat(mode(rootfs.resolve("a"))).isEqualTo(0750);
    assertThat(mode(rootfs.resolve("a/b"))).isEqualTo(0710);
  }

  @Test
  void aPipeIsThereAndHoldsNobodyUp() throws IOException {
    Path rootfs = load(new TestTar().pipe("p").file("a", text("1"), 0644).bytes());
    assertThat(Files.readAttributes(rootfs.resolve("p"), "unix:mode,isOther"))
        .containsEntry("mode", 010640);
    assertThat(rootfs.resolve("a")).hasContent("1");
  }

  @ParameterizedTest
  @CsvSource({"L", "K", "x"})
  void aHeaderThatIsLargerThanAnyIsIsNotRead(char type) throws IOException {
    byte[] large = new byte[(1 << 20) + 1];
    Arrays.fill(large, (byte) 'a');
    byte[] layer = new TestTar().extended(type, large).file("a", text("1"), 0644).bytes();
    assertThatThrownBy(() -> load(layer))
        .isInstanceOf(ImageException.class)
        .hasMessageContaining("an extended header of 1048577 bytes");
  }

  @Test
  void aMapOfMoreHolesThanAFileHasIsNotRead() throws IOException {
    byte[] layer = new TestTar().extended('x', sparse()).file("a", map(100_000), 0644).bytes();
    assertThatThrownBy(() -> load(layer))
        .isInstanceOf(ImageException.class)
        .hasMessageContaining("more holes than any has");
  }

  @Test
  void aFileWithHolesIsWhole() throws IOException {
    byte[] layer = new TestTar().extended('x', sparse()).file("a", map(0), 0644).bytes();
    assertThat(load(layer).resolve("a")).hasSize(4);
  }

  private static byte[] sparse() {
    return text("22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n25 GNU.sparse.realsize=4\n");
  }

  /// A sparse file, POSIX format 1.0: its map, filled up to a block, before its content.
  private static byte[] map(int holes) {
    StringBuilder map = new StringBuilder().append(holes + 1).append("\n0\n4\n");
    map.repeat("4\n0\n", holes);
    map.repeat("\0", (512 - map.length() % 512) % 512);
    return map.append("1234").toString().getBytes(StandardCharsets.US_ASCII);
  }

  @Test
  void aFileThatIsCopiedKeepsItsCapabilities() throws IOException {
    Path elsewhere = Path.of("/dev/shm");
    boolean able =
        "root".equals(System.getProperty("user.name"))
            && Program.missing(List.of("getcap")).isEmpty()
            && Files.isDirectory(elsewhere)
            && !Files.getFileStore(elsewhere).equals(Files.getFileStore(folder));
    if (!able) {
      System.out.println(
          "skipped aFileThatIsCopiedKeepsItsCapabilities: needs root, getcap and a second disk");
    }
    Assumptions.assumeTrue(able);
    byte[] capability = new byte[20];
    capability[0] = 1;
    capability[3] = 2;
    capability[4] = (byte) 0xc0;
    Path archive =
        Files.write(folder.resolve("l.tar"), new TestTar().capable("p", capability).bytes());
    Path stored = Files.createDirectory(folder.resolve("l"));
    StoredLayer layer =
        new StoredLayer(stored, true, new DiskRoom(stored, EvictionPolicy.STANDARD));
    assertThat(layer.take(archive)).hasSize(64);
    Path root = Files.createTempDirectory(elsewhere, "havn-layer");
    try {
      new Layer(layer, root).apply();
      assertThat(Program.must(List.of("getcap", root.resolve("p").toString())))
          .contains("cap_setgid,cap_setuid");
      assertThat(mode(root.resolve("p"))).isEqualTo(0755);
    } finally {
      Trees.delete(root);
    }
  }
}
