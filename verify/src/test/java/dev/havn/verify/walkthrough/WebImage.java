// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.walkthrough;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.havn.node.image.Platform;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/// A small web server as an image: Debian's static busybox, some of its names, and one page. Made
/// here, so that no registry is needed.
record WebImage(byte[] layer, byte[] config) {
  private static final ObjectMapper JSON = new ObjectMapper();

  /// The server ends on SIGTERM, though it is the first process, and waits where somebody else has
  /// the port, as pods without a network of their own meet.
  private static final String SERVE =
      """
      echo %1$s starts
      trap 'exit 0' TERM
      while :; do httpd -f -v -p 8080 -h /www & wait $!; sleep 1 & wait $!; done
      """;

  /// The static busybox of this machine, or of Debian's package.
  static Optional<Path> busybox(Path folder) {
    for (Path installed : List.of(Path.of("/bin/busybox"), Path.of("/usr/bin/busybox"))) {
      if (Files.isExecutable(installed) && isStatic(installed)) {
        return Optional.of(installed);
      }
    }
    return DebianPackage.unpack("busybox-static", folder)
        .map(files -> files.resolve("bin/busybox"));
  }

  /// A program without an interpreter needs no libraries.
  private static boolean isStatic(Path program) {
    try {
      return !new String(Files.readAllBytes(program), StandardCharsets.ISO_8859_1)
          .contains("/ld-linux");
    } catch (IOException e) {
      return false;
    }
  }

  /// @param page what the server answers and says in its log
  static WebImage of(Path busybox, String page) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (TarArchiveOutputStream tar = new TarArchiveOutputStream(bytes)) {
      for (String folder : List.of("bin/", "www/", "tmp/", "etc/")) {
        TarArchiveEntry entry = new TarArchiveEntry(folder);
        entry.setMode(folder.equals("tmp/") ? 01777 : 0755);
        tar.putArchiveEntry(entry);
        tar.closeArchiveEntry();
      }
      file(tar, "bin/busybox", 0755, Files.readAllBytes(busybox));
      for (String name :
          List.of("sh", "httpd", "sleep", "id", "cat", "wget", "ls", "env", "unshare")) {
        TarArchiveEntry link = new TarArchiveEntry("bin/" + name, TarConstants.LF_SYMLINK);
        link.setLinkName("busybox");
        tar.putArchiveEntry(link);
        tar.closeArchiveEntry();
      }
      file(tar, "etc/passwd", 0644, "root:x:0:0:root:/:/bin/sh\n".getBytes(StandardCharsets.UTF_8));
      file(tar, "www/index.html", 0644, page.getBytes(StandardCharsets.UTF_8));
    }
    byte[] layer = bytes.toByteArray();
    Map<String, Object> config =
        Map.of(
            "architecture",
            Platform.architecture(),
            "os",
            "linux",
            "config",
            Map.of(
                "Entrypoint",
                List.of("/bin/sh", "-c", SERVE.formatted(page)),
                "Env",
                List.of("PATH=/bin")),
            "rootfs",
            Map.of("type", "layers", "diff_ids", List.of("sha256:" + sha256(layer))));
    return new WebImage(layer, JSON.writeValueAsBytes(config));
  }

  /// As `docker save` writes it.
  Path dockerArchive(Path target, String tag) throws IOException {
    Map<String, Object> manifest =
        Map.of("Config", "config.json", "RepoTags", List.of(tag), "Layers", List.of("layer.tar"));
    Map<String, byte[]> files = new LinkedHashMap<>();
    files.put("manifest.json", JSON.writeValueAsBytes(List.of(manifest)));
    files.put("config.json", config);
    files.put("layer.tar", layer);
    return archive(target, files);
  }

  /// An OCI layout with a compressed layer, itself compressed.
  Path ociLayout(Path target, String tag) throws IOException {
    byte[] compressed = gzip(layer);
    byte[] manifest =
        JSON.writeValueAsBytes(
            Map.of(
                "schemaVersion",
                2,
                "config",
                descriptor("application/vnd.oci.image.config.v1+json", config),
                "layers",
                List.of(descriptor("application/vnd.oci.image.layer.v1.tar+gzip", compressed))));
    Map<String, Object> entry = descriptor("application/vnd.oci.image.manifest.v1+json", manifest);
    entry.put("annotations", Map.of("org.opencontainers.image.ref.name", tag));
    Map<String, byte[]> files = new LinkedHashMap<>();
    files.put("oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}".getBytes(StandardCharsets.UTF_8));
    files.put(
        "index.json",
        JSON.writeValueAsBytes(Map.of("schemaVersion", 2, "manifests", List.of(entry))));
    for (byte[] blob : List.of(manifest, config, compressed)) {
      files.put("blobs/sha256/" + sha256(blob), blob);
    }
    archive(target, files);
    Files.write(target, gzip(Files.readAllBytes(target)));
    return target;
  }

  private static Map<String, Object> descriptor(String type, byte[] blob) {
    Map<String, Object> descriptor = new LinkedHashMap<>();
    descriptor.put("mediaType", type);
    descriptor.put("digest", "sha256:" + sha256(blob));
    descriptor.put("size", blob.length);
    return descriptor;
  }

  private static Path archive(Path target, Map<String, byte[]> files) throws IOException {
    try (OutputStream out = Files.newOutputStream(target);
        TarArchiveOutputStream tar = new TarArchiveOutputStream(out)) {
      for (Map.Entry<String, byte[]> each : files.entrySet()) {
        file(tar, each.getKey(), 0644, each.getValue());
      }
    }
    return target;
  }

  private static void file(TarArchiveOutputStream tar, String name, int mode, byte[] content)
      throws IOException {
    TarArchiveEntry entry = new TarArchiveEntry(name);
    entry.setMode(mode);
    entry.setSize(content.length);
    tar.putArchiveEntry(entry);
    tar.write(content);
    tar.closeArchiveEntry();
  }

  private static byte[] gzip(byte[] plain) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(bytes)) {
      gzip.write(plain);
    }
    return bytes.toByteArray();
  }

  private static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }
}
