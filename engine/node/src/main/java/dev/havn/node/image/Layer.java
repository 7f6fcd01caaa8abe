// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.image;

import dev.havn.node.kernel.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.DigestInputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.jspecify.annotations.Nullable;

/// Puts a layer over the files that are there. What it holds is somebody else's: names and links
/// are followed as below a root of their own, so that nothing outside is read or written.
///
/// @param owned whether files get the owners that the layer names, for which one must be root
record Layer(Path archive, Path root, boolean owned) {
  private static final String WHITEOUT = ".wh.";
  private static final String OPAQUE = ".wh..wh..opq";
  private static final int ENTRIES_MAX = 2_000_000;
  private static final long BYTES_MAX = 64L << 30;
  private static final int MODE_BITS = 07777;
  private static final int OWNER_ALL = 0700;

  /// Something is done with each entry.
  @FunctionalInterface
  private interface Step {
    void take(String name, TarArchiveEntry entry, TarArchiveInputStream tar) throws IOException;
  }

  /// Applies the layer.
  ///
  /// @return the digest of its uncompressed content
  String apply() throws IOException {
    // What a layer removes is of the layers below it, wherever the removal stands in it.
    var unused = each((name, entry, tar) -> whiteOut(name));
    Map<Path, TarArchiveEntry> folders = new LinkedHashMap<>();
    String digest = each((name, entry, tar) -> add(name, entry, tar, folders));
    for (Map.Entry<Path, TarArchiveEntry> each : new ArrayList<>(folders.entrySet()).reversed()) {
      attributes(each.getKey(), each.getValue());
    }
    return digest;
  }

  private String each(Step step) throws IOException {
    int entries = 0;
    long bytes = 0;
    try (DigestInputStream in = Digests.watching(Compression.open(archive));
        TarArchiveInputStream tar = new TarArchiveInputStream(in)) {
      for (@Nullable TarArchiveEntry entry = tar.getNextEntry();
          entry != null;
          entry = tar.getNextEntry()) {
        bytes += Math.max(0, entry.getSize());
        if (++entries > ENTRIES_MAX || bytes > BYTES_MAX) {
          throw new IOException("a layer is larger than any image");
        }
        String name = EntryName.normal(entry.getName());
        step.take(name, entry, tar);
      }
      return Digests.of(in);
    } catch (InvalidPathException e) {
      throw new IOException(
          "a name that this locale cannot write; LC_ALL=C.UTF-8 can: " + e.getReason(), e);
    } catch (IllegalArgumentException e) {
      throw new IOException("damaged layer: " + e.getMessage(), e);
    }
  }

  private void whiteOut(String name) throws IOException {
    int slash = name.lastIndexOf('/');
    String last = name.substring(slash + 1);
    if (!last.startsWith(WHITEOUT)) {
      return;
    }
    Path folder = RootPaths.resolve(root, slash < 0 ? "" : name.substring(0, slash));
    if (last.equals(OPAQUE)) {
      if (Files.isDirectory(folder)) {
        try (var children = Files.newDirectoryStream(folder)) {
          for (Path child : children) {
            Trees.delete(child);
          }
        }
      }
      return;
    }
    String gone = last.substring(WHITEOUT.length());
    if (gone.isEmpty() || gone.equals(".") || gone.equals("..")) {
      throw new IOException("entry '" + name + "' removes nothing that can be");
    }
    Trees.delete(folder.resolve(gone));
  }

  private void add(
      String name,
      TarArchiveEntry entry,
      TarArchiveInputStream tar,
      Map<Path, TarArchiveEntry> folders)
      throws IOException {
    String last = name.substring(name.lastIndexOf('/') + 1);
    if (last.startsWith(WHITEOUT)) {
      return;
    }
    if (name.isEmpty()) {
      folders.put(root, entry);
      return;
    }
    Path path = RootPaths.resolveParent(root, name);
    if (entry.isDirectory()) {
      if (!Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
        makeRoom(path);
        Files.createDirectory(path);
      }
      folders.put(path, entry);
      return;
    }
    if (entry.isCharacterDevice() || entry.isBlockDevice()) {
      if (name.startsWith("dev/")) {
        // Containers have a /dev of their own in its place.
        return;
      }
      throw new IOException("entry '" + name + "' is a device");
    }
    makeRoom(path);
    if (entry.isSymbolicLink()) {
      Files.createSymbolicLink(path, Path.of(entry.getLinkName()));
    } else if (entry.isLink()) {
      Files.createLink(path, linked(name, entry.getLinkName()));
      return;
    } else if (entry.isFIFO()) {
      Program.must(List.of("mkfifo", path.toString()));
    } else if (entry.isFile()) {
      Files.copy(tar, path);
    } else {
      throw new IOException("entry '" + name + "' is of an unknown kind");
    }
    attributes(path, entry);
  }

  private void makeRoom(Path path) throws IOException {
    if (path.equals(root)) {
      throw new IOException("an entry replaces the root");
    }
    Trees.delete(path);
    Path parent = path.getParent();
    if (parent != null) {
      Files.createDirectories(parent);
    }
  }

  private Path linked(String name, String target) throws IOException {
    Path path = RootPaths.resolveParent(root, EntryName.normal(target));
    if (!Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS) && !Files.isSymbolicLink(path)) {
      throw new IOException(
          "entry '" + name + "' is a hard link to '" + target + "', which is no file of the image");
    }
    return path;
  }

  private void attributes(Path path, TarArchiveEntry entry) throws IOException {
    if (owned) {
      Files.setAttribute(path, "unix:uid", (int) entry.getLongUserId(), LinkOption.NOFOLLOW_LINKS);
      Files.setAttribute(path, "unix:gid", (int) entry.getLongGroupId(), LinkOption.NOFOLLOW_LINKS);
    }
    if (!Files.isSymbolicLink(path)) {
      int mode = entry.getMode() & MODE_BITS;
      boolean mine = !owned && Files.isDirectory(path);
      Files.setAttribute(path, "unix:mode", mine ? mode | OWNER_ALL : mode);
      Files.setLastModifiedTime(path, FileTime.from(entry.getLastModifiedTime().toInstant()));
    }
  }
}
