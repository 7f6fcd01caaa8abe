// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.image;

import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SequenceWriter;
import dev.havn.node.kernel.ExtendedAttributes;
import dev.havn.node.kernel.FileTimes;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.DigestInputStream;
import java.util.Optional;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.jspecify.annotations.Nullable;

/// A layer as it is kept: `entries` says, a JSON value each, what its tar said in its order, and
/// `files/N` are the files of it with their attributes. Images link to these files, so that a layer
/// of many images lies on the disk once.
///
/// @param owned whether files get the owners that the layer names, for which one must be root
/// @param room on the disk that it may take
record StoredLayer(Path folder, boolean owned, DiskRoom room) {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String ENTRIES = "entries";
  private static final String FILES = "files";
  private static final int ENTRIES_MAX = 2_000_000;
  static final long BYTES_MAX = 64L << 30;
  private static final int MODE_BITS = 07777;
  private static final String CAPABILITY = "security.capability";

  /// Takes a tar apart into an empty folder. What it holds is somebody else's: nothing of it
  /// becomes a path here.
  ///
  /// @return the digest of its uncompressed content
  String take(Path archive) throws IOException {
    Files.createDirectory(folder.resolve(FILES));
    try (DigestInputStream in = Digests.watching(Compression.open(archive));
        CapabilityWatch watch = new CapabilityWatch(in);
        ImageTar tar = ImageTar.of(watch);
        DiskRoom.Growing said =
            room.growing("a layer", Files.newOutputStream(folder.resolve(ENTRIES)));
        SequenceWriter entries = JSON.writerFor(LayerEntry.class).writeValues(said)) {
      int count = 0;
      long bytes = 0;
      for (@Nullable TarArchiveEntry entry = tar.next(); entry != null; entry = tar.next()) {
        // Of a sparse file, with its holes, which are written.
        bytes += Math.max(0, Math.max(entry.getSize(), entry.getRealSize()));
        if (++count > ENTRIES_MAX || bytes + said.bytes() > BYTES_MAX) {
          throw new IOException("a layer is larger than any image");
        }
        room.requireFiles("a layer", count);
        Optional<LayerEntry> kept = kept(entry, count);
        if (kept.isPresent()) {
          entries.write(kept.get());
          if (kept.get().file() >= 0) {
            file(kept.get(), tar, watch.capability());
          }
        }
      }
      return Digests.of(in);
    } catch (IllegalArgumentException e) {
      throw new IOException("damaged layer: " + e.getMessage(), e);
    }
  }

  private static Optional<LayerEntry> kept(TarArchiveEntry entry, int number) throws IOException {
    String name = EntryName.normal(entry.getName());
    if (entry.isCharacterDevice() || entry.isBlockDevice()) {
      if (name.startsWith("dev/")) {
        // Containers have a /dev of their own in its place.
        return Optional.empty();
      }
      throw new IOException("entry '" + name + "' is a device");
    }
    LayerEntry.Kind kind = kind(name, entry);
    var modified = entry.getLastModifiedTime().toInstant();
    return Optional.of(
        new LayerEntry(
            name,
            kind,
            entry.getMode() & MODE_BITS,
            (int) entry.getLongUserId(),
            (int) entry.getLongGroupId(),
            modified.getEpochSecond(),
            modified.getNano(),
            EntryName.link(name, entry.getLinkName()),
            kind == LayerEntry.Kind.FILE ? number : -1));
  }

  private static LayerEntry.Kind kind(String name, TarArchiveEntry entry) throws IOException {
    if (entry.isDirectory()) {
      return LayerEntry.Kind.FOLDER;
    }
    if (entry.isSymbolicLink()) {
      return LayerEntry.Kind.SYMBOLIC_LINK;
    }
    if (entry.isLink()) {
      return LayerEntry.Kind.HARD_LINK;
    }
    if (entry.isFIFO()) {
      return LayerEntry.Kind.PIPE;
    }
    if (entry.isFile()) {
      return LayerEntry.Kind.FILE;
    }
    throw new IOException("entry '" + name + "' is of an unknown kind");
  }

  private void file(LayerEntry entry, InputStream tar, byte[] capability) throws IOException {
    Path file = file(entry);
    try (OutputStream out = Files.newOutputStream(file, StandardOpenOption.CREATE_NEW)) {
      long unused = room.copy("a layer", tar, out);
    }
    attributes(file, entry);
    if (owned && capability.length > 0) {
      // After the owner, since a change of owner takes it away.
      ExtendedAttributes.set(file, CAPABILITY, capability);
    }
  }

  /// Gives a file, folder or pipe what its entry says; to a link, all but the mode. Nothing is
  /// opened, since a pipe would never open, and a link that is last is not followed.
  void attributes(Path path, LayerEntry entry) throws IOException {
    if (owned) {
      Files.setAttribute(path, "unix:uid", entry.user(), LinkOption.NOFOLLOW_LINKS);
      Files.setAttribute(path, "unix:gid", entry.group(), LinkOption.NOFOLLOW_LINKS);
    }
    if (entry.kind() != LayerEntry.Kind.SYMBOLIC_LINK) {
      boolean mine = !owned && entry.kind() == LayerEntry.Kind.FOLDER;
      if (Files.isSymbolicLink(path)) {
        throw new IOException("entry '" + entry.name() + "' became a link");
      }
      Files.setAttribute(path, "unix:mode", mine ? entry.mode() | 0700 : entry.mode());
    }
    FileTimes.modified(path, entry.modified());
  }

  /// Where the content of a file lies.
  Path file(LayerEntry entry) {
    return folder.resolve(FILES).resolve(String.valueOf(entry.file()));
  }

  /// Of a layer that was taken apart.
  MappingIterator<LayerEntry> entries() throws IOException {
    return JSON.readerFor(LayerEntry.class).readValues(folder.resolve(ENTRIES).toFile());
  }
}
