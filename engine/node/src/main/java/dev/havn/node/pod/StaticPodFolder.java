// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The files of pods that a node runs by itself, in a folder or one alone. Each is read when it has
/// changed. For one look at a time.
public final class StaticPodFolder {
  private static final Logger LOG = LoggerFactory.getLogger(StaticPodFolder.class);
  private static final int FILES_MAX = 500;
  private static final int FILE_BYTES_MAX = 3 << 20;

  private final Path place;
  private final String node;
  private final Function<byte[], ObjectNode> decoder;
  private final InstantSource clock;
  private Map<Path, Read> known = new HashMap<>();

  /// @param stamp by which a changed file is known
  /// @param pod null for one that was refused
  private record Read(String stamp, @Nullable ObjectNode pod) {}

  /// @param decoder of a manifest, with its defaults; refuses with an IllegalArgumentException
  public StaticPodFolder(
      Path place, String node, Function<byte[], ObjectNode> decoder, InstantSource clock) {
    this.place = place.toAbsolutePath();
    this.node = node;
    this.decoder = decoder;
    this.clock = clock;
  }

  /// Its pods, by `NAMESPACE/NAME`.
  ///
  /// @throws IOException when nobody can tell, so that all stays as it is
  Map<String, ObjectNode> look() throws IOException {
    Map<Path, Read> now = new HashMap<>();
    Map<String, ObjectNode> pods = new LinkedHashMap<>();
    for (Path file : files()) {
      @Nullable Read read = read(file);
      if (read == null) {
        continue;
      }
      now.put(file, read);
      if (read.pod() != null) {
        String key =
            read.pod().path("metadata").path("namespace").asText()
                + "/"
                + read.pod().path("metadata").path("name").asText();
        if (pods.putIfAbsent(key, read.pod()) != null && !read.equals(known.get(file))) {
          LOG.warn("static pod {} of {} is there already", key, file);
        }
      }
    }
    known = now;
    return pods;
  }

  private List<Path> files() throws IOException {
    if (!Files.isDirectory(place)) {
      return Files.exists(place) ? List.of(place) : List.of();
    }
    List<Path> files = new ArrayList<>();
    try (DirectoryStream<Path> all = Files.newDirectoryStream(place, "[!.]*")) {
      for (Path each : all) {
        if (files.size() == FILES_MAX) {
          LOG.warn("{} has more than {} files: the others are not read", place, FILES_MAX);
          break;
        }
        if (Files.isRegularFile(each)) {
          files.add(each);
        }
      }
    }
    files.sort(null);
    return files;
  }

  /// Null when it is gone.
  private @Nullable Read read(Path file) throws IOException {
    try {
      String stamp = Files.getLastModifiedTime(file) + " " + Files.size(file);
      @Nullable Read before = known.get(file);
      if (before != null && before.stamp().equals(stamp)) {
        return before;
      }
      return new Read(stamp, pod(file).orElse(null));
    } catch (NoSuchFileException gone) {
      return null;
    }
  }

  private Optional<ObjectNode> pod(Path file) throws IOException {
    byte[] bytes;
    try (InputStream in = Files.newInputStream(file)) {
      bytes = in.readNBytes(FILE_BYTES_MAX + 1);
    }
    try {
      if (bytes.length > FILE_BYTES_MAX) {
        throw new IllegalArgumentException("more than " + FILE_BYTES_MAX + " bytes");
      }
      return Optional.of(
          StaticPods.of(decoder.apply(bytes), file.toString(), node, clock.instant().toString()));
    } catch (IllegalArgumentException e) {
      LOG.warn("static pod {} is not run: {}", file, e.getMessage());
      return Optional.empty();
    }
  }
}
