// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.image;

import io.airlift.compress.zstd.ZstdOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;

/// Images that a test makes itself, from the machine's own static busybox.
public final class TestImages {
  public static final String BUSYBOX = "example.test/busybox:1";
  public static final String VOLUMES = "example.test/volumes:1";
  public static final String PAUSE = "example.test/pause:1";

  private static final Path PROGRAM = Path.of("/bin/busybox");
  private static final List<String> APPLETS =
      List.of(
          "sh",
          "echo",
          "cat",
          "sleep",
          "id",
          "kill",
          "env",
          "pwd",
          "ls",
          "nc",
          "tty",
          "stty",
          "hostname",
          "touch",
          "head",
          "seq");

  private TestImages() {}

  /// Why there is no image of busybox; empty when there is one.
  public static String missing() {
    return Files.isExecutable(PROGRAM) ? "" : "no static " + PROGRAM + " to make an image from";
  }

  /// A docker-archive of a system with busybox and a user 1000.
  public static Path busybox(Path folder) throws IOException {
    return busybox(folder, PROGRAM, Platform.architecture());
  }

  /// The same for an architecture.
  ///
  /// @param program a static busybox
  public static Path busybox(Path folder, Path program, String architecture) throws IOException {
    return dockerArchive(
        folder.resolve("busybox-" + architecture + ".tar"),
        BUSYBOX,
        architecture,
        "{\"Cmd\":[\"/bin/sh\"],\"Env\":[\"PATH=/bin\",\"FROM_IMAGE=yes\"]}",
        system(program));
  }

  /// A docker-archive of a system that declares volumes, the first of which belongs to user 1000.
  public static Path volumes(Path folder) throws IOException {
    TestTar layer = new TestTar();
    layer.folder("data/", 0751, 1000).file("data/of", text("of the image\n"), 0644);
    layer.folder("data/deep/", 0755).file("data/deep/file", text("deep\n"), 0600);
    layer.folder("real/", 0755).file("real/file", text("behind a link\n"), 0644);
    layer.link("linked", "/real");
    return dockerArchive(
        folder.resolve("volumes.tar"),
        VOLUMES,
        "{\"Cmd\":[\"/bin/sh\"],\"Env\":[\"PATH=/bin\"],\"Volumes\":{\"/data\":{},\"/fresh/\":{},\"linked\":{},\"/outer/inner\":{}}}",
        system(PROGRAM),
        layer.bytes());
  }

  /// A docker-archive of a process that holds a pod's namespaces: it waits and reaps.
  public static Path pause(Path folder) throws IOException {
    return dockerArchive(
        folder.resolve("pause.tar"),
        PAUSE,
        "{\"Entrypoint\":[\"/bin/sh\",\"-c\",\"trap 'exit 0' TERM INT; while :; do sleep 86400 & wait; done\"],\"Env\":[\"PATH=/bin\"]}",
        system(PROGRAM));
  }

  private static byte[] system(Path program) throws IOException {
    TestTar layer = new TestTar();
    layer.folder("bin/", 0755).file("bin/busybox", Files.readAllBytes(program), 0755);
    for (String each : APPLETS) {
      layer.link("bin/" + each, "busybox");
    }
    layer.folder("etc/", 0755).folder("tmp/", 01777).folder("home/", 0755);
    layer.file("etc/passwd", text("root:x:0:0::/:/bin/sh\nweb:x:1000:1000::/home:/bin/sh\n"), 0644);
    layer.file("etc/group", text("root:x:0:\nweb:x:1000:\nextra:x:2000:web\n"), 0644);
    return layer.bytes();
  }

  /// A docker-archive whose layers are given.
  public static Path dockerArchive(Path file, String name, String config, byte[]... layers)
      throws IOException {
    return dockerArchive(file, name, Platform.architecture(), config, layers);
  }

  private static Path dockerArchive(
      Path file, String name, String architecture, String config, byte[]... layers)
      throws IOException {
    TestTar archive = new TestTar();
    StringBuilder names = new StringBuilder();
    StringBuilder diffs = new StringBuilder();
    for (byte[] layer : layers) {
      String digest = sha256(layer);
      names.append(names.isEmpty() ? "" : ",").append('"').append(digest).append("/layer.tar\"");
      diffs.append(diffs.isEmpty() ? "" : ",").append("\"sha256:").append(digest).append('"');
      archive.file(digest + "/layer.tar", layer, 0644);
    }
    byte[] document =
        text(
            "{\"architecture\":\"%s\",\"os\":\"linux\",\"config\":%s,\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[%s]}}"
                .formatted(architecture, config, diffs));
    String id = sha256(document);
    archive.file(id + ".json", document, 0644);
    archive.file(
        "manifest.json",
        text(
            "[{\"Config\":\"%s.json\",\"RepoTags\":[\"%s\"],\"Layers\":[%s]}]"
                .formatted(id, name, names)),
        0644);
    return Files.write(file, archive.bytes());
  }

  /// A layer of one file.
  public static byte[] layer(String file, byte[] content) throws IOException {
    return new TestTar().file(file, content, 0644).bytes();
  }

  public static byte[] gzip(byte[] bytes) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
      gzip.write(bytes);
    }
    return out.toByteArray();
  }

  public static byte[] zstd(byte[] bytes) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (ZstdOutputStream zstd = new ZstdOutputStream(out)) {
      zstd.write(bytes);
    }
    return out.toByteArray();
  }

  static byte[] text(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  /// A tar in the making.
  static final class TestTar {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final TarArchiveOutputStream tar = new TarArchiveOutputStream(bytes, "UTF-8");

    TestTar() {
      tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
    }

    TestTar folder(String name, int mode) throws IOException {
      return entry(new TarArchiveEntry(name, TarArchiveEntry.LF_DIR, true), mode, new byte[0]);
    }

    TestTar folder(String name, int mode, int owner) throws IOException {
      TarArchiveEntry entry = new TarArchiveEntry(name, TarArchiveEntry.LF_DIR, true);
      entry.setUserId(owner);
      entry.setGroupId(owner);
      return entry(entry, mode, new byte[0]);
    }

    TestTar file(String name, byte[] content, int mode) throws IOException {
      return entry(new TarArchiveEntry(name, TarArchiveEntry.LF_NORMAL, true), mode, content);
    }

    TestTar link(String name, String target) throws IOException {
      TarArchiveEntry entry = new TarArchiveEntry(name, TarArchiveEntry.LF_SYMLINK, true);
      entry.setLinkName(target);
      return entry(entry, 0777, new byte[0]);
    }

    TestTar hardLink(String name, String target) throws IOException {
      TarArchiveEntry entry = new TarArchiveEntry(name, TarArchiveEntry.LF_LINK, true);
      entry.setLinkName(target);
      return entry(entry, 0644, new byte[0]);
    }

    /// A file with an extended attribute as Docker and GNU tar write it: bytes in an extended
    /// header.
    TestTar capable(String name, byte[] capability) throws IOException {
      byte[] key = text(" SCHILY.xattr.security.capability=");
      int length = key.length + capability.length + 1;
      length += String.valueOf(length + 2).length();
      ByteArrayOutputStream record = new ByteArrayOutputStream();
      record.write(text(String.valueOf(length)));
      record.write(key);
      record.write(capability);
      record.write('\n');
      TarArchiveEntry header = new TarArchiveEntry("x", (byte) 'x', true);
      entry(header, 0644, record.toByteArray());
      return file(name, text("1"), 0755);
    }

    TestTar device(String name) throws IOException {
      return entry(new TarArchiveEntry(name, TarArchiveEntry.LF_CHR, true), 0666, new byte[0]);
    }

    TestTar pipe(String name) throws IOException {
      return entry(new TarArchiveEntry(name, TarArchiveEntry.LF_FIFO, true), 0640, new byte[0]);
    }

    /// A header of one of the types that say something of the next entry.
    TestTar extended(char type, byte[] content) throws IOException {
      return entry(new TarArchiveEntry("x", (byte) type, true), 0644, content);
    }

    /// A header alone, without the content that it announces.
    static byte[] header(String name, char type, int size) {
      TarArchiveEntry entry = new TarArchiveEntry(name, (byte) type, true);
      entry.setSize(size);
      byte[] header = new byte[512];
      entry.writeEntryHeader(header);
      return header;
    }

    private TestTar entry(TarArchiveEntry entry, int mode, byte[] content) throws IOException {
      entry.setMode(mode);
      entry.setSize(content.length);
      tar.putArchiveEntry(entry);
      tar.write(content);
      tar.closeArchiveEntry();
      return this;
    }

    byte[] bytes() throws IOException {
      tar.finish();
      return bytes.toByteArray();
    }
  }
}
