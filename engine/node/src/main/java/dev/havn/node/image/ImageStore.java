// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.image;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;

/// The images that are loaded: `index.json` names them, `rootfs/ID` holds each one's files, its
/// layers put over each other once, and `config/ID.json` its configuration.
public final class ImageStore {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String LOADING = "loading";

  private final Path folder;

  /// Read by pods that start while an archive is loaded, which may take minutes.
  private final Map<String, String> idByName = new ConcurrentHashMap<>();

  /// An image as it is used.
  ///
  /// @param id the digest of its configuration
  /// @param config of OCI: `Entrypoint`, `Cmd`, `Env`, `WorkingDir`, `User`
  public record Image(String name, String id, Path rootfs, JsonNode config) {}

  public ImageStore(Path folder) {
    this.folder = folder;
    try {
      Files.createDirectories(folder.resolve("rootfs"));
      Files.createDirectories(folder.resolve("config"));
      clear(folder);
      clear(folder.resolve("rootfs"));
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

  public Optional<Image> find(String name) {
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
    } catch (NoSuchFileException removed) {
      return Optional.empty();
    } catch (IOException e) {
      throw new UncheckedIOException("image " + name, e);
    }
  }

  /// Names with their ids.
  public Map<String, String> list() {
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
        Trees.delete(folder.resolve("rootfs").resolve(id));
        Files.deleteIfExists(folder.resolve("config").resolve(id + ".json"));
      }
      save();
      return true;
    } catch (IOException e) {
      throw new UncheckedIOException("removing " + name, e);
    }
  }

  /// Loads a docker-archive or an OCI layout, compressed or not. All of its images are there then,
  /// or none.
  ///
  /// @return the names of its images
  /// @throws ImageException when it is neither, or damaged, or not for this machine
  public synchronized List<String> load(Path archive) {
    try {
      Path unpacked = Files.createTempDirectory(folder, LOADING);
      try {
        List<ArchivedImage> found = ArchivedImage.all(Archive.unpack(archive, unpacked));
        Map<String, String> names = new LinkedHashMap<>();
        for (ArchivedImage each : found) {
          add(each);
          each.names().forEach(name -> names.put(normalise(name), each.id()));
        }
        idByName.putAll(names);
        save();
        return List.copyOf(names.keySet());
      } finally {
        Trees.delete(unpacked);
      }
    } catch (IOException e) {
      String why = e instanceof NoSuchFileException ? "no such file" : e.getMessage();
      throw new ImageException(
          archive
              + " cannot be loaded ("
              + why
              + "): expected a tar of an OCI layout or a docker-archive",
          e);
    }
  }

  private void add(ArchivedImage image) throws IOException {
    Path rootfs = folder.resolve("rootfs").resolve(image.id());
    if (Files.exists(rootfs)) {
      return;
    }
    Path fresh = Files.createTempDirectory(folder.resolve("rootfs"), LOADING).toRealPath();
    try {
      Files.setPosixFilePermissions(fresh, PosixFilePermissions.fromString("rwxr-xr-x"));
      boolean owned = "root".equals(System.getProperty("user.name"));
      for (int i = 0; i < image.layers().size(); i++) {
        String digest = Digests.ALGORITHM + new Layer(image.layers().get(i), fresh, owned).apply();
        String expected = image.diffIds().get(i);
        if (!digest.equals(expected)) {
          throw new IOException("layer " + expected + " has another content");
        }
      }
      Path config = folder.resolve("config").resolve(image.id() + ".json");
      Files.copy(image.config(), config, StandardCopyOption.REPLACE_EXISTING);
      Files.move(fresh, rootfs, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      Trees.delete(fresh);
      throw e;
    }
  }

  /// What a load that was broken off has left.
  private void clear(Path where) throws IOException {
    try (DirectoryStream<Path> all = Files.newDirectoryStream(where, LOADING + "*")) {
      for (Path each : all) {
        Trees.delete(each);
      }
    }
  }

  private void save() throws IOException {
    ObjectNode index = JSON.createObjectNode();
    list().forEach(index::put);
    Path fresh = folder.resolve("index.json.new");
    Files.writeString(fresh, index.toPrettyString());
    Files.move(fresh, folder.resolve("index.json"), StandardCopyOption.ATOMIC_MOVE);
  }
}
