// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.image;

import static dev.havn.node.image.TestImages.dockerArchive;
import static dev.havn.node.image.TestImages.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.node.configuration.EvictionPolicy;
import dev.havn.node.configuration.EvictionSignal;
import dev.havn.node.configuration.EvictionThreshold;
import dev.havn.node.image.TestImages.TestTar;
import dev.havn.node.kernel.Program;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
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

  /// Whoever reads along takes the header with the large name for content, the reader does not: of
  /// a folder that does not say so, and of a file whose size is said before it.
  @ParameterizedTest
  @CsvSource({"-,'',d/", "x,'11 size=+0',a", "g,'10 size=0',a"})
  void aHeaderThatIsHiddenInAContentIsNotReadToItsEnd(char before, String record, String name)
      throws IOException {
    int size = 5 << 20;
    byte[] large = new byte[size];
    Arrays.fill(large, (byte) 'a');
    ByteArrayOutputStream layer = new ByteArrayOutputStream();
    if (!record.isEmpty()) {
      layer.write(TestTar.header("x", before, record.length() + 1));
      layer.write(Arrays.copyOf(text(record + "\n"), 512));
    }
    layer.write(TestTar.header(name, '0', 2 * size));
    layer.write(TestTar.header("x", 'L', size));
    layer.write(large);
    layer.write(new TestTar().file("b", text("1"), 0644).bytes());
    assertThatThrownBy(() -> load(layer.toByteArray()))
        .isInstanceOf(ImageException.class)
        .hasMessageContaining("the headers before one entry have more than 4194304 bytes");
  }

  /// What is left of a content is none of the header after it.
  @Test
  void theContentOfAnEntryThatHasNoneToKeepIsPassedOver() throws IOException {
    ByteArrayOutputStream layer = new ByteArrayOutputStream();
    layer.write(TestTar.header("dev/null", '3', 5 << 20));
    layer.write(new byte[5 << 20]);
    layer.write(new TestTar().file("b", text("1"), 0644).bytes());
    assertThat(load(layer.toByteArray()).resolve("b")).hasContent("1");
  }

  @ParameterizedTest
  @CsvSource({"L,true", "x,true", "g,false"})
  void headersAreNotTakenWithoutEnd(char type, boolean inARow) throws IOException {
    ByteArrayOutputStream layer = new ByteArrayOutputStream();
    for (int i = 0; i < 65; i++) {
      layer.write(TestTar.header("x", type, 6));
      layer.write(Arrays.copyOf(text("6 a=b\n"), 512));
      if (!inARow) {
        layer.write(TestTar.header("a" + i, '0', 0));
      }
    }
    layer.write(new TestTar().file("b", text("1"), 0644).bytes());
    assertThatThrownBy(() -> load(layer.toByteArray()))
        .isInstanceOf(ImageException.class)
        .hasMessageContaining("more extended headers than any tar has");
  }

  @Test
  void theArchiveOfAnImageIsReadWithTheSameBounds() throws IOException {
    byte[] large = new byte[5 << 20];
    Arrays.fill(large, (byte) 'a');
    Path archive =
        Files.write(
            folder.resolve("image.tar"),
            new TestTar().extended('L', large).file("a", text("1"), 0644).bytes());
    assertThatThrownBy(() -> store.load(archive))
        .isInstanceOf(ImageException.class)
        .hasMessageContaining("the headers before one entry have more than 4194304 bytes");
  }

  @ParameterizedTest
  @CsvSource({"true", "false"})
  void aLinkLeadsToNoNameThatIsLongerThanAnyIs(boolean symbolic) throws IOException {
    String target = "b".repeat(4_097);
    TestTar layer = new TestTar();
    byte[] bytes = (symbolic ? layer.link("a", target) : layer.hardLink("a", target)).bytes();
    assertThatThrownBy(() -> load(bytes))
        .isInstanceOf(ImageException.class)
        .hasMessageContaining("entry 'a' links to a name of 4097 characters");
  }

  /// The node keeps more than the whole disk for others.
  @Test
  void whatALayerSaysOfItsEntriesNeedsRoomToo() throws IOException {
    EvictionPolicy all =
        new EvictionPolicy(
            List.of(
                new EvictionThreshold(
                    EvictionSignal.NODE_DISK,
                    new EvictionThreshold.Percentage(100),
                    false,
                    Duration.ZERO,
                    EvictionThreshold.Amount.NONE)),
            Duration.ZERO,
            Duration.ZERO);
    TestTar tar = new TestTar();
    for (int i = 0; i < 300; i++) {
      tar.extended('K', text("b".repeat(4_000))).link("a" + i, "b");
    }
    Path archive = Files.write(folder.resolve("l.tar"), tar.bytes());
    Path stored = Files.createDirectory(folder.resolve("l"));
    StoredLayer layer = new StoredLayer(stored, false, new DiskRoom(stored, all));
    assertThatThrownBy(() -> layer.take(archive))
        .hasMessageContaining("no space left on device: a layer needs");
    assertThat(Files.size(stored.resolve("entries"))).isLessThanOrEqualTo(1 << 20);
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
