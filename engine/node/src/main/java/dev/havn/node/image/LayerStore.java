// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.image;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.DigestInputStream;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// The layers of all images, each once, in a folder named by the digest of its content. A layer is
/// there as a whole or not at all; after a crash of the machine only those of whole images are
/// kept. For many threads.
final class LayerStore {
  static final String LOADING = "loading";
  private static final int BUFFER_BYTES = 64 << 10;

  private final Path folder;
  private final DiskRoom room;
  private final boolean owned = "root".equals(System.getProperty("user.name"));
  private final Map<String, Integer> held = new HashMap<>();

  LayerStore(Path folder, DiskRoom room) {
    this.folder = folder;
    this.room = room;
  }

  /// What keeps layers that no image has yet.
  final class Hold implements AutoCloseable {
    private final Set<String> layers = new HashSet<>();

    /// Whether a layer is here, which then stays.
    boolean has(String diffId) {
      synchronized (LayerStore.this) {
        if (!Files.isDirectory(place(diffId))) {
          return false;
        }
        hold(diffId);
        return true;
      }
    }

    /// Whether a layer is here that once came so.
    boolean came(String diffId, LayerSource source) {
      synchronized (LayerStore.this) {
        return layers.contains(diffId) && new LayerSources(place(diffId)).contains(source);
      }
    }

    /// Takes a layer apart, if it is not here already.
    ///
    /// @param expected the digest of its uncompressed content
    /// @param source as what it came, if from a registry
    void take(Path archive, String expected, Optional<LayerSource> source) throws IOException {
      Path fresh = Files.createTempDirectory(folder, LOADING).toRealPath();
      try {
        String digest = Digests.ALGORITHM + new StoredLayer(fresh, owned, room).take(archive);
        requireSame(digest, expected);
        move(fresh, digest, source);
      } finally {
        Trees.delete(fresh);
      }
    }

    private void move(Path fresh, String diffId, Optional<LayerSource> source) throws IOException {
      synchronized (LayerStore.this) {
        if (!Files.isDirectory(place(diffId))) {
          Files.move(fresh, place(diffId), StandardCopyOption.ATOMIC_MOVE);
        }
        hold(diffId);
        if (source.isPresent()) {
          new LayerSources(place(diffId)).add(source.get());
        }
      }
    }

    private void hold(String diffId) {
      if (layers.add(diffId)) {
        held.merge(diffId, 1, Integer::sum);
      }
    }

    @Override
    public void close() {
      synchronized (LayerStore.this) {
        layers.forEach(each -> held.computeIfPresent(each, (_, n) -> n == 1 ? null : n - 1));
        layers.clear();
      }
    }
  }

  /// Looks whether an archive is the layer that it is said to be.
  static void check(Path archive, String expected) throws IOException {
    try (DigestInputStream in = Digests.watching(Compression.open(archive))) {
      byte[] buffer = new byte[BUFFER_BYTES];
      long bytes = 0;
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        bytes += read;
        if (bytes > StoredLayer.BYTES_MAX) {
          throw new IOException("a layer is larger than any image");
        }
      }
      requireSame(Digests.ALGORITHM + Digests.of(in), expected);
    }
  }

  private static void requireSame(String digest, String expected) throws IOException {
    if (!digest.equals(expected)) {
      throw new IOException("layer " + expected + " has another content");
    }
  }

  Hold hold() {
    return new Hold();
  }

  private Path place(String diffId) {
    return folder.resolve(diffId.substring(Digests.ALGORITHM.length()));
  }

  StoredLayer get(String diffId) {
    return new StoredLayer(place(diffId), owned, room);
  }

  /// Removes all layers that are not in use and that nobody holds.
  synchronized void keep(Set<String> used) throws IOException {
    try (DirectoryStream<Path> all = Files.newDirectoryStream(folder)) {
      for (Path each : all) {
        String name = String.valueOf(each.getFileName());
        String diffId = Digests.ALGORITHM + name;
        boolean free =
            !name.startsWith(LOADING) && !used.contains(diffId) && !held.containsKey(diffId);
        if (free) {
          discard(each);
        }
      }
    }
  }

  /// Out of the way at once, so that a crash leaves no half of a layer under its name.
  private void discard(Path layer) throws IOException {
    Path gone = Files.createTempDirectory(folder, LOADING).resolve("gone");
    Files.move(layer, gone, StandardCopyOption.ATOMIC_MOVE);
    Path parent = gone.getParent();
    if (parent != null) {
      Trees.delete(parent);
    }
  }
}
