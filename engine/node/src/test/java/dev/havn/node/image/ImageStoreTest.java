// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.image;

import static dev.havn.node.image.TestImages.dockerArchive;
import static dev.havn.node.image.TestImages.gzip;
import static dev.havn.node.image.TestImages.sha256;
import static dev.havn.node.image.TestImages.text;
import static dev.havn.node.image.TestImages.zstd;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.node.configuration.EvictionPolicy;
import dev.havn.node.image.TestImages.TestTar;
import dev.havn.node.kernel.Program;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ImageStoreTest {
  private static final String NAME = "example.test/it:1";

  @TempDir private Path folder;
  private ImageStore store;

  @BeforeEach
  void open() {
    store = new ImageStore(folder.resolve("images"));
  }

  private Path load(byte[]... layers) throws IOException {
    store.load(dockerArchive(folder.resolve("image.tar"), NAME, "{\"Cmd\":[\"x\"]}", layers));
    return store.find(NAME).orElseThrow().rootfs();
  }

  @Test
  void anImageWhoseNameCannotBeSavedIsNoneUntilItCan() throws IOException {
    Path obstacle = Files.createDirectory(folder.resolve("images").resolve("index.json.new"));
    assertThatThrownBy(this::load).isInstanceOf(ImageException.class);
    assertThat(store.find(NAME)).isEmpty();
    Files.delete(obstacle);
    load();
    String id = store.id(NAME).orElseThrow();
    Files.createDirectory(obstacle);
    assertThatThrownBy(() -> store.call("example.test/other:1", id))
        .isInstanceOf(IOException.class);
    Files.delete(obstacle);
    store.call("example.test/other:1", id);
    assertThat(new ImageStore(folder.resolve("images")).find("example.test/other:1")).isPresent();
  }

  /// An OCI layout of one image for each platform, its layer compressed.
  private Path ociLayout(byte[] layer, String architecture, boolean nested) throws IOException {
    TestTar tar = new TestTar();
    byte[] packed = nested ? zstd(layer) : gzip(layer);
    String config =
        "{\"architecture\":\"%s\",\"os\":\"linux\",\"config\":{},\"rootfs\":{\"diff_ids\":[\"sha256:%s\"]}}"
            .formatted(architecture, sha256(layer));
    String manifest =
        "{\"config\":%s,\"layers\":[%s]}"
            .formatted(blob(tar, text(config), ""), blob(tar, packed, ""));
    String other =
        blob(
            tar,
            text("{\"never\":\"read\"}"),
            ",\"platform\":{\"os\":\"plan9\",\"architecture\":\"mips\"}");
    String mine =
        blob(
            tar,
            text(manifest),
            ",\"platform\":{\"os\":\"linux\",\"architecture\":\"%s\"}".formatted(architecture));
    String name = ",\"annotations\":{\"io.containerd.image.name\":\"" + NAME + "\"}";
    String index =
        nested
            ? blob(tar, text("{\"manifests\":[%s,%s]}".formatted(other, mine)), name)
            : mine.replaceFirst("}$", "") + name + "}";
    index = index.replaceFirst("\\}\\},\"annotations", "}},\"annotations");
    tar.file("index.json", text("{\"manifests\":[%s]}".formatted(index)), 0644);
    tar.file("oci-layout", text("{\"imageLayoutVersion\":\"1.0.0\"}"), 0644);
    return Files.write(folder.resolve("oci.tar"), gzip(tar.bytes()));
  }

  private static String blob(TestTar tar, byte[] content, String more) throws IOException {
    String digest = sha256(content);
    tar.file("blobs/sha256/" + digest, content, 0644);
    return "{\"digest\":\"sha256:%s\",\"size\":%d%s}".formatted(digest, content.length, more);
  }

  @Test
  void namesAreMeantAsDockerMeansThem() {
    assertThat(ImageStore.normalise("web")).isEqualTo("docker.io/library/web:latest");
    assertThat(ImageStore.normalise("a/web:1")).isEqualTo("docker.io/a/web:1");
    assertThat(ImageStore.normalise("localhost:5000/web")).isEqualTo("localhost:5000/web:latest");
  }

  @Test
  void anImageIsStillThereInTheNextStoreUntilItIsRemoved() throws IOException {
    Path rootfs = load(new TestTar().file("a/F\u0151", text("1"), 0640).bytes());
    assertThat(rootfs.resolve("a/F\u0151")).hasContent("1");
    ImageStore next = new ImageStore(folder.resolve("images"));
    assertThat(next.list()).containsOnlyKeys(NAME);
    assertThat(next.find(NAME).orElseThrow().config().path("Cmd").path(0).asText()).isEqualTo("x");
    assertThat(next.remove(NAME)).isTrue();
    assertThat(next.remove(NAME)).isFalse();
    assertThat(rootfs).doesNotExist();
  }

  @ParameterizedTest
  @MethodSource("nesting")
  void ofAnOciLayoutTheImageForThisMachineIsTaken(boolean nested) throws IOException {
    byte[] layer = new TestTar().file("which", text("mine"), 0644).bytes();
    assertThat(store.load(ociLayout(layer, Platform.architecture(), nested))).containsExactly(NAME);
    assertThat(store.find(NAME).orElseThrow().rootfs().resolve("which")).hasContent("mine");
  }

  static Stream<Boolean> nesting() {
    return Stream.of(true, false);
  }

  @Test
  void anImageForAnotherMachineIsRefusedInWords() throws IOException {
    Path archive = ociLayout(new TestTar().file("a", text("1"), 0644).bytes(), "riscv64", true);
    assertThatThrownBy(() -> store.load(archive))
        .isInstanceOf(ImageException.class)
        .hasMessageContaining("no image for linux/" + Platform.architecture())
        .hasMessageContaining("linux/riscv64");
    ImageStore others =
        new ImageStore(folder.resolve("riscv64"), EvictionPolicy.STANDARD, "riscv64");
    assertThat(others.load(archive)).containsExactly(NAME);
  }

  @Test
  void upperLayersReplaceAndRemove() throws IOException {
    byte[] lower =
        new TestTar()
            .folder("d/", 0755)
            .file("d/gone", text("1"), 0644)
            .file("d/stays", text("1"), 0644)
            .folder("o/", 0755)
            .file("o/old", text("1"), 0644)
            .file("was-file", text("1"), 0644)
            .folder("was-folder/", 0755)
            .file("was-folder/x", text("1"), 0644)
            .bytes();
    byte[] upper =
        new TestTar()
            .file("d/.wh.gone", new byte[0], 0644)
            .file("o/new", text("2"), 0644)
            .file("o/.wh..wh..opq", new byte[0], 0644)
            .folder("was-file/", 0755)
            .file("was-folder", text("2"), 04755)
            .bytes();
    Path rootfs = load(lower, upper);
    assertThat(rootfs.resolve("d/gone")).doesNotExist();
    assertThat(rootfs.resolve("d/stays")).exists();
    assertThat(rootfs.resolve("o/old")).doesNotExist();
    assertThat(rootfs.resolve("o/new")).hasContent("2");
    assertThat(rootfs.resolve("was-file")).isDirectory();
    assertThat((int) Files.getAttribute(rootfs.resolve("was-folder"), "unix:mode") & 07777)
        .isEqualTo(04755);
    try (Stream<Path> all = Files.walk(rootfs)) {
      assertThat(all.map(Path::toString)).noneMatch(path -> path.contains(".wh."));
    }
  }

  @Test
  void linksAreFollowedInsideTheImageOnly() throws IOException {
    Path outside = Files.createDirectories(folder.resolve("outside"));
    byte[] lower =
        new TestTar()
            .link("absolute", outside.toString())
            .link("up", "../../../../../../../../../.." + outside)
            .folder("usr/", 0755)
            .link("bin", "usr")
            .bytes();
    byte[] upper =
        new TestTar()
            .file("absolute/a", text("1"), 0644)
            .file("up/b", text("1"), 0644)
            .file("bin/c", text("1"), 0644)
            .file("absolute/.wh.x", text(""), 0644)
            .bytes();
    Files.writeString(outside.resolve("x"), "kept");
    Path rootfs = load(lower, upper);
    assertThat(outside).isDirectoryContaining(each -> each.endsWith("x"));
    assertThat(outside.resolve("a")).doesNotExist();
    assertThat(outside.resolve("b")).doesNotExist();
    assertThat(rootfs.resolve("usr/c")).exists();
    assertThat(rootfs.resolve(outside.toString().substring(1)).resolve("a")).exists();
  }

  @Test
  void aHardLinkIsOneWithItsTarget() throws IOException {
    Path rootfs = load(new TestTar().file("a", text("1"), 0644).hardLink("b", "a").bytes());
    assertThat(Files.isSameFile(rootfs.resolve("a"), rootfs.resolve("b"))).isTrue();
  }

  @Test
  void aLayerOfSeveralImagesLiesOnTheDiskOnceUntilTheLastOfThemGoes() throws IOException {
    byte[] shared = new TestTar().file("a", text("1"), 0640).folder("d/", 0750).bytes();
    byte[] own = new TestTar().file("b", text("2"), 0644).bytes();
    Path one = load(shared);
    store.load(dockerArchive(folder.resolve("o.tar"), "example.test/o:1", "{}", shared, own));
    Path other = store.find("example.test/o:1").orElseThrow().rootfs();
    assertThat(Files.isSameFile(one.resolve("a"), other.resolve("a"))).isTrue();
    assertThat(folder.resolve("images/layers").toFile().list()).hasSize(2);
    store.remove("example.test/o:1");
    assertThat(folder.resolve("images/layers").toFile().list()).hasSize(1);
    assertThat(one.resolve("a")).hasContent("1");
    store.remove(NAME);
    assertThat(folder.resolve("images/layers")).isEmptyDirectory();
    assertThat(folder.resolve("images/rootfs")).isEmptyDirectory();
  }

  @Test
  void theSameFileInTwoPlacesIsTwoFiles() throws IOException {
    Path rootfs = load(new TestTar().file("a", text("1"), 0644).file("b", text("1"), 0644).bytes());
    assertThat(Files.isSameFile(rootfs.resolve("a"), rootfs.resolve("b"))).isFalse();
  }

  @Test
  void capabilitiesOfFilesAreKept() throws Exception {
    boolean able = "root".equals(System.getProperty("user.name"));
    if (!able || !Program.missing(List.of("getcap")).isEmpty()) {
      System.out.println("skipped capabilitiesOfFilesAreKept: needs root and getcap");
    }
    Assumptions.assumeTrue(able && Program.missing(List.of("getcap")).isEmpty());
    // cap_setgid, cap_setuid and cap_setpcap: a byte that is no text
    byte[] capability = new byte[20];
    capability[0] = 1;
    capability[3] = 2;
    capability[4] = (byte) 0xc0;
    capability[5] = 1;
    byte[] layer =
        new TestTar()
            .file("before", text("1"), 0755)
            .capable("ping", capability)
            .file("after", text("1"), 0755)
            .bytes();
    Path rootfs = load(layer);
    assertThat(Program.must(List.of("getcap", "-r", rootfs.toString())))
        .containsOnlyOnce("=")
        .contains("ping cap_setgid,cap_setuid,cap_setpcap=ep");
  }

  @Test
  void devicesInTheFolderThatIsReplacedAnywayAreLeftOut() throws IOException {
    Path rootfs = load(new TestTar().folder("dev/", 0755).device("dev/null").bytes());
    assertThat(rootfs.resolve("dev/null")).doesNotExist();
  }

  record Hostile(String what, byte[] layer, String message) {
    @Override
    public String toString() {
      return what;
    }
  }

  static List<Hostile> hostileLayers() throws IOException {
    return List.of(
        new Hostile("traversal", new TestTar().file("../x", text("1"), 0644).bytes(), "leads out"),
        new Hostile("inner", new TestTar().file("a/../../x", text("1"), 0644).bytes(), "leads out"),
        new Hostile("device", new TestTar().device("sda").bytes(), "is a device"),
        new Hostile(
            "hard link out",
            new TestTar().hardLink("a", "/etc/passwd").bytes(),
            "no file of the image"),
        new Hostile("hard link up", new TestTar().hardLink("a", "../../x").bytes(), "leads out"),
        new Hostile(
            "hard link through a link",
            new TestTar().link("e", "/etc").hardLink("a", "e/passwd").bytes(),
            "no file of the image"),
        new Hostile(
            "circle",
            new TestTar().link("a", "a").file("a/b", text("1"), 0644).bytes(),
            "more than 40 links"),
        new Hostile(
            "whiteout of the parent",
            new TestTar().file(".wh...", text(""), 0644).bytes(),
            "removes nothing"),
        new Hostile(
            "noise", text("this is no tar at all, but long enough to be a block".repeat(30)), ""));
  }

  @ParameterizedTest
  @MethodSource("hostileLayers")
  void hostileLayersAreRefusedAndLeaveNothing(Hostile hostile) throws IOException {
    Path archive = dockerArchive(folder.resolve("image.tar"), NAME, "{}", hostile.layer());
    assertThatThrownBy(() -> store.load(archive))
        .isInstanceOf(ImageException.class)
        .hasMessageContaining(archive.toString())
        .hasMessageContaining(hostile.message())
        .satisfies(each -> assertThat(each.getMessage()).hasLineCount(1));
    assertNothingIsLeft();
  }

  private void assertNothingIsLeft() throws IOException {
    assertThat(store.list()).isEmpty();
    try (Stream<Path> all = Files.walk(folder.resolve("images"))) {
      assertThat(all.filter(each -> Files.isRegularFile(each, LinkOption.NOFOLLOW_LINKS)))
          .isEmpty();
    }
    assertThat(folder.resolve("images/rootfs")).isEmptyDirectory();
    assertThat(folder.resolve("images/layers")).isEmptyDirectory();
  }

  @Test
  void anArchiveCutAtAnyPlaceIsRefused() throws IOException {
    Path archive =
        dockerArchive(
            folder.resolve("image.tar"),
            NAME,
            "{}",
            new TestTar().file("a", new byte[3000], 0644).bytes());
    byte[] whole = Files.readAllBytes(archive);
    byte[] packed = gzip(whole);
    for (int part = 0; part < 9; part++) {
      Files.write(archive, Arrays.copyOf(whole, whole.length * part / 12));
      assertThatThrownBy(() -> store.load(archive)).isInstanceOf(ImageException.class);
      Files.write(archive, Arrays.copyOf(packed, packed.length * part / 10));
      assertThatThrownBy(() -> store.load(archive)).isInstanceOf(ImageException.class);
    }
    assertNothingIsLeft();
  }

  @Test
  void contentThatIsNotWhatItsDigestSaysIsRefused() throws IOException {
    byte[] layer = new TestTar().file("a", text("1"), 0644).bytes();
    byte[] changed = new TestTar().file("a", text("2"), 0644).bytes();
    Path archive = dockerArchive(folder.resolve("image.tar"), NAME, "{}", layer);
    byte[] bytes = Files.readAllBytes(archive);
    int at = indexOf(bytes, layer);
    System.arraycopy(changed, 0, bytes, at, changed.length);
    Files.write(archive, bytes);
    assertThatThrownBy(() -> store.load(archive))
        .hasMessageContaining("layer sha256:" + sha256(layer) + " has another content");
    assertNothingIsLeft();
    load(layer);
    Files.write(archive, bytes);
    assertThatThrownBy(() -> store.load(archive))
        .as("a layer that is here")
        .hasMessageContaining("layer sha256:" + sha256(layer) + " has another content");
  }

  private static int indexOf(byte[] in, byte[] what) {
    for (int i = 0; i + what.length <= in.length; i++) {
      if (Arrays.equals(in, i, i + what.length, what, 0, what.length)) {
        return i;
      }
    }
    throw new AssertionError("not in it");
  }

  @Test
  void whatABrokenOffLoadLeftIsClearedAway() throws IOException {
    Files.createDirectories(folder.resolve("images/rootfs/loading1/a/b"));
    Files.createDirectories(folder.resolve("images/loading2"));
    assertThat(new ImageStore(folder.resolve("images")).list()).isEmpty();
    assertNothingIsLeft();
  }

  @Test
  void aFileThatIsNotThereIsSaidToBe() {
    assertThatThrownBy(() -> store.load(folder.resolve("none.tar")))
        .hasMessageContaining("none.tar cannot be loaded (no such file)");
  }

  @Test
  @Timeout(60)
  void imagesAreFoundWhileAnArchiveIsReadThatDoesNotEnd() throws Exception {
    load(new TestTar().file("a", text("1"), 0644).bytes());
    Path pipe = folder.resolve("endless.tar");
    Program.must(List.of("mkfifo", pipe.toString()));
    Executor threads = task -> Thread.ofPlatform().daemon().start(task);
    CompletableFuture<List<String>> loading =
        CompletableFuture.supplyAsync(() -> store.load(pipe), threads);
    try (OutputStream archive = Files.newOutputStream(pipe)) {
      archive.write(new byte[1]);
      archive.flush();
      CompletableFuture<Boolean> found =
          CompletableFuture.supplyAsync(() -> store.find(NAME).isPresent(), threads);
      assertThat(found.get(20, TimeUnit.SECONDS)).isTrue();
      assertThat(loading).isNotDone();
    }
    assertThatThrownBy(loading::join).hasCauseInstanceOf(ImageException.class);
  }
}
