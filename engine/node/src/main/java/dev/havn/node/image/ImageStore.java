// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.image;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.node.kernel.Program;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// The images that are loaded: `index.json` names them, `rootfs/ID` holds each one's files, its
/// layers put over each other once, and `config/ID.json` its configuration.
public final class ImageStore {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path folder;
  private final Map<String, String> idByName = new TreeMap<>();

  /// An image as it is used.
  ///
  /// @param id the digest of its configuration
  /// @param config of OCI: `Entrypoint`, `Cmd`, `Env`, `WorkingDir`, `User`
  public record Image(String name, String id, Path rootfs, JsonNode config) {}

  /// It cannot be loaded; the message names the file and what is wrong.
  public static final class ImageException extends RuntimeException {
    ImageException(String message, Throwable cause) {
      super(message, cause);
    }
  }

  public ImageStore(Path folder) {
    this.folder = folder;
    try {
      Files.createDirectories(folder.resolve("rootfs"));
      Files.createDirectories(folder.resolve("config"));
      Path index = folder.resolve("index.json");
      if (Files.exists(index)) {
        JSON.readTree(index.toFile())
            .properties()
            .forEach(each -> idByName.put(each.getKey(), each.getValue().asText()));
      }
    } catch (IOException e) {
      throw new UncheckedIOException("images in " + folder, e);
    }
  }

  /// A name as it is meant: `web` is `docker.io/library/web:latest`.
  public static String normalise(String name) {
    String rest = name;
    int slash = name.indexOf('/');
    String first = slash < 0 ? "" : name.substring(0, slash);
    boolean host = first.contains(".") || first.contains(":") || first.equals("localhost");
    if (!host) {
      rest = "docker.io/" + (slash < 0 ? "library/" : "") + name;
    }
    String last = rest.substring(rest.lastIndexOf('/') + 1);
    return last.contains(":") || last.contains("@") ? rest : rest + ":latest";
  }

  public synchronized Optional<Image> find(String name) {
    String id = idByName.get(normalise(name));
    if (id == null) {
      return Optional.empty();
    }
    try {
      return Optional.of(
          new Image(
              normalise(name),
              "sha256:" + id,
              folder.resolve("rootfs").resolve(id),
              JSON.readTree(folder.resolve("config").resolve(id + ".json").toFile())
                  .path("config")));
    } catch (IOException e) {
      throw new UncheckedIOException("image " + name, e);
    }
  }

  /// Names with their ids.
  public synchronized Map<String, String> list() {
    return new TreeMap<>(idByName);
  }

  /// Forgets a name, and the image when it was the last one.
  ///
  /// @return whether there was one
  public synchronized boolean remove(String name) {
    String id = idByName.remove(normalise(name));
    if (id == null) {
      return false;
    }
    try {
      if (!idByName.containsValue(id)) {
        Program.must(List.of("rm", "-rf", folder.resolve("rootfs").resolve(id).toString()));
        Files.deleteIfExists(folder.resolve("config").resolve(id + ".json"));
      }
      save();
      return true;
    } catch (IOException e) {
      throw new UncheckedIOException("removing " + name, e);
    }
  }

  /// Loads a docker-archive or an OCI layout, gzip or not.
  ///
  /// @return the names of its images
  /// @throws ImageException when it is neither, or damaged
  public synchronized List<String> load(Path archive) {
    try {
      Path unpacked = Files.createTempDirectory(folder, "load");
      try {
        Program.must(
            List.of(
                "tar", "-xf", archive.toString(), "-C", unpacked.toString(), "--no-same-owner"));
        List<String> names =
            Files.exists(unpacked.resolve("manifest.json"))
                ? dockerArchive(unpacked)
                : ociLayout(unpacked);
        save();
        return names;
      } finally {
        Program.must(List.of("rm", "-rf", unpacked.toString()));
      }
    } catch (IOException e) {
      throw new ImageException(
          archive
              + " cannot be loaded ("
              + e.getMessage()
              + "): expected a tar of an OCI layout or a docker-archive",
          e);
    }
  }

  private List<String> dockerArchive(Path unpacked) throws IOException {
    List<String> names = new ArrayList<>();
    for (JsonNode manifest : JSON.readTree(unpacked.resolve("manifest.json").toFile())) {
      List<Path> layers = new ArrayList<>();
      for (JsonNode layer : manifest.path("Layers")) {
        layers.add(inside(unpacked, layer.asText()));
      }
      String id = add(inside(unpacked, manifest.path("Config").asText()), layers);
      for (JsonNode tag : manifest.path("RepoTags")) {
        names.add(name(tag.asText(), id));
      }
    }
    return names;
  }

  private String name(String tag, String id) {
    String name = normalise(tag);
    idByName.put(name, id);
    return name;
  }

  private List<String> ociLayout(Path unpacked) throws IOException {
    List<String> names = new ArrayList<>();
    for (JsonNode entry :
        JSON.readTree(inside(unpacked, "index.json").toFile()).path("manifests")) {
      JsonNode manifest = JSON.readTree(blob(unpacked, entry).toFile());
      List<Path> layers = new ArrayList<>();
      for (JsonNode layer : manifest.path("layers")) {
        layers.add(blob(unpacked, layer));
      }
      String id = add(blob(unpacked, manifest.path("config")), layers);
      JsonNode annotations = entry.path("annotations");
      String tag =
          annotations
              .path("io.containerd.image.name")
              .asText(annotations.path("org.opencontainers.image.ref.name").asText(""));
      names.add(name(tag.isEmpty() ? "sha256-" + id.substring(0, 12) : tag, id));
    }
    return names;
  }

  private static Path blob(Path unpacked, JsonNode descriptor) throws IOException {
    String digest = descriptor.path("digest").asText("");
    Path blob = inside(unpacked, "blobs/" + digest.replace(':', '/'));
    if (!digest.equals("sha256:" + sha256(blob))) {
      throw new IOException("blob " + digest + " has another content");
    }
    return blob;
  }

  private static String sha256(Path file) throws IOException {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      try (var in = Files.newInputStream(file)) {
        byte[] buffer = new byte[1 << 16];
        for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
          digest.update(buffer, 0, n);
        }
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("SHA-256 is part of every JDK", e);
    }
  }

  private static Path inside(Path unpacked, String name) throws IOException {
    Path path = unpacked.resolve(name).normalize();
    if (!path.startsWith(unpacked) || !Files.isRegularFile(path)) {
      throw new IOException("no file " + name + " in it");
    }
    if (!path.toRealPath().startsWith(unpacked.toRealPath())) {
      throw new IOException(name + " points out of the archive");
    }
    return path;
  }

  private String add(Path config, List<Path> layers) throws IOException {
    String id = sha256(config);
    Path rootfs = folder.resolve("rootfs").resolve(id);
    if (!Files.exists(rootfs)) {
      Path fresh = Files.createTempDirectory(folder.resolve("rootfs"), "new");
      Program.must(List.of("chmod", "755", fresh.toString()));
      for (Path layer : layers) {
        whiteouts(layer, fresh);
        Program.must(
            List.of(
                "tar",
                "-xpf",
                layer.toString(),
                "-C",
                fresh.toString(),
                "--numeric-owner",
                "--exclude=.wh.*",
                "--keep-directory-symlink"));
      }
      Files.move(fresh, rootfs, StandardCopyOption.ATOMIC_MOVE);
    }
    Files.copy(
        config,
        folder.resolve("config").resolve(id + ".json"),
        StandardCopyOption.REPLACE_EXISTING);
    return id;
  }

  /// Removes what a layer says is gone: `.wh.name`, or everything in a folder by `.wh..wh..opq`.
  private static void whiteouts(Path layer, Path rootfs) throws IOException {
    for (String entry : Program.must(List.of("tar", "-tf", layer.toString())).split("\n")) {
      int at = entry.indexOf(".wh.");
      if (at < 0) {
        continue;
      }
      String name = entry.substring(at + ".wh.".length());
      Path target = rootfs.resolve(entry.substring(0, at)).normalize();
      if (!target.startsWith(rootfs)
          || !Files.exists(target)
          || !target.toRealPath().startsWith(rootfs.toRealPath())) {
        continue;
      }
      if (name.equals(".wh..opq")) {
        Program.must(
            List.of(
                "find",
                target.toString(),
                "-mindepth",
                "1",
                "-maxdepth",
                "1",
                "-exec",
                "rm",
                "-rf",
                "{}",
                "+"));
      } else if (!name.isEmpty() && !name.contains("/")) {
        Program.must(List.of("rm", "-rf", target.resolve(name).toString()));
      }
    }
  }

  private void save() throws IOException {
    ObjectNode index = JSON.createObjectNode();
    idByName.forEach(index::put);
    Path fresh = folder.resolve("index.json.new");
    Files.writeString(fresh, index.toPrettyString());
    Files.move(fresh, folder.resolve("index.json"), StandardCopyOption.ATOMIC_MOVE);
  }
}
