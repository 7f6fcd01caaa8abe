// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.image;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.jspecify.annotations.Nullable;

/// The files of an image archive, taken out into a folder under names of our own: nothing that the
/// archive says becomes a path.
final class Archive {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int ENTRIES_MAX = 10_000;
  private static final long BYTES_MAX = 64L << 30;
  private static final long JSON_BYTES_MAX = 8L << 20;
  private static final int LINKS_MAX = 8;

  private final Path folder;
  private final DiskRoom room;
  private final Map<String, Path> files = new HashMap<>();
  private final Map<String, String> links = new HashMap<>();

  private Archive(Path folder, DiskRoom room) {
    this.folder = folder;
    this.room = room;
  }

  /// Takes an archive apart.
  ///
  /// @param folder an empty one
  /// @param room on its disk
  static Archive unpack(Path file, Path folder, DiskRoom room) throws IOException {
    Archive archive = new Archive(folder, room);
    try (InputStream in = Compression.open(file);
        ImageTar tar = ImageTar.of(in)) {
      archive.take(tar);
    } catch (IllegalArgumentException e) {
      throw new IOException("damaged tar: " + e.getMessage(), e);
    }
    return archive;
  }

  private void take(ImageTar tar) throws IOException {
    long bytes = 0;
    for (@Nullable TarArchiveEntry entry = tar.next(); entry != null; entry = tar.next()) {
      String name = EntryName.normal(entry.getName());
      if (entry.isSymbolicLink() || entry.isLink()) {
        boolean relative = entry.isSymbolicLink() && name.contains("/");
        String base = relative ? name.substring(0, name.lastIndexOf('/') + 1) : "";
        links.put(name, EntryName.collapse(base + EntryName.link(name, entry.getLinkName())));
      } else if (entry.isFile()) {
        Path target = folder.resolve("file" + files.size());
        try (OutputStream out = Files.newOutputStream(target)) {
          bytes += room.copy("the archive", tar, out);
        }
        files.put(name, target);
      }
      if (files.size() + links.size() > ENTRIES_MAX || bytes > BYTES_MAX) {
        throw new IOException("it is larger than any image");
      }
    }
  }

  boolean has(String name) {
    return files.containsKey(name);
  }

  /// The content of a file; docker-archives link to layers that they hold once.
  Path file(String name) throws IOException {
    String at = EntryName.collapse(name);
    for (int i = 0; i < LINKS_MAX && links.containsKey(at); i++) {
      at = links.getOrDefault(at, at);
    }
    @Nullable Path file = files.get(at);
    if (file == null) {
      throw new IOException("no file " + name + " in it");
    }
    return file;
  }

  JsonNode json(String name) throws IOException {
    return json(name, file(name));
  }

  private static JsonNode json(String name, Path file) throws IOException {
    if (Files.size(file) > JSON_BYTES_MAX) {
      throw new IOException(name + " is too large");
    }
    try {
      return JSON.readTree(file.toFile());
    } catch (JacksonException e) {
      throw new IOException(name + " is no JSON: " + e.getOriginalMessage(), e);
    }
  }

  /// What a descriptor of an OCI layout points to.
  Path blob(JsonNode descriptor) throws IOException {
    String digest = descriptor.path("digest").asText("");
    if (!digest.matches("sha256:[0-9a-f]{64}")) {
      throw new IOException("unknown digest '" + digest + "'");
    }
    Path file = file("blobs/" + digest.replace(':', '/'));
    if (!digest.equals(Digests.ALGORITHM + Digests.of(file))) {
      throw new IOException("blob " + digest + " has another content");
    }
    return file;
  }

  JsonNode jsonBlob(JsonNode descriptor) throws IOException {
    return json(descriptor.path("digest").asText(), blob(descriptor));
  }
}
