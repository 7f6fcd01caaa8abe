// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.image;

import com.fasterxml.jackson.databind.MappingIterator;
import dev.havn.node.kernel.Program;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Puts a layer over the files that are there. What it holds is somebody else's: names and links
/// are followed as below a root of their own, so that nothing outside is read or written.
record Layer(StoredLayer stored, Path root) {

  /// Something is done with each entry.
  @FunctionalInterface
  private interface Step {
    void take(LayerEntry entry) throws IOException;
  }

  void apply() throws IOException {
    // What a layer removes is of the layers below it, wherever the removal stands in it.
    each(this::whiteOut);
    Map<Path, LayerEntry> folders = new LinkedHashMap<>();
    each(entry -> add(entry, folders));
    for (Map.Entry<Path, LayerEntry> each : new ArrayList<>(folders.entrySet()).reversed()) {
      requireFolder(each.getKey());
      stored.attributes(each.getKey(), each.getValue());
    }
  }

  /// Attributes are given by path, so that a link on the way would lead them out of the image.
  private void requireFolder(Path folder) throws IOException {
    Path found = RootPaths.resolve(root, root.relativize(folder).toString());
    if (!found.equals(folder) || !Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
      throw new IOException("the folder '" + root.relativize(folder) + "' is none any more");
    }
  }

  private void each(Step step) throws IOException {
    try (MappingIterator<LayerEntry> entries = stored.entries()) {
      while (entries.hasNextValue()) {
        step.take(entries.nextValue());
      }
    } catch (InvalidPathException e) {
      throw new IOException(
          "a name that this locale cannot write; LC_ALL=C.UTF-8 can: " + e.getReason(), e);
    }
  }

  private void whiteOut(LayerEntry entry) throws IOException {
    if (!entry.isWhiteout()) {
      return;
    }
    Path folder = RootPaths.resolve(root, entry.folder());
    if (entry.isOpaque()) {
      if (Files.isDirectory(folder)) {
        try (var children = Files.newDirectoryStream(folder)) {
          for (Path child : children) {
            Trees.delete(child);
          }
        }
      }
      return;
    }
    @Nullable String gone = entry.hidden();
    if (gone == null) {
      throw new IOException("entry '" + entry.name() + "' removes nothing that can be");
    }
    Trees.delete(folder.resolve(gone));
  }

  private void add(LayerEntry entry, Map<Path, LayerEntry> folders) throws IOException {
    if (entry.isWhiteout()) {
      return;
    }
    if (entry.name().isEmpty()) {
      folders.put(root, entry);
      return;
    }
    Path path = RootPaths.resolveParent(root, entry.name());
    if (entry.kind() == LayerEntry.Kind.FOLDER) {
      if (!Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
        makeRoom(path, folders);
        Files.createDirectory(path);
      }
      folders.put(path, entry);
      return;
    }
    makeRoom(path, folders);
    switch (entry.kind()) {
      case FILE -> link(path, entry);
      case HARD_LINK -> Files.createLink(path, linked(entry));
      case SYMBOLIC_LINK -> {
        Files.createSymbolicLink(path, Path.of(entry.link()));
        stored.attributes(path, entry);
      }
      case PIPE -> {
        Program.must(List.of("mkfifo", path.toString()));
        stored.attributes(path, entry);
      }
      case FOLDER -> throw new AssertionError("folders are made above");
    }
  }

  /// A file has so many names at most; what is beyond them is a copy.
  private void link(Path path, LayerEntry entry) throws IOException {
    Path file = stored.file(entry);
    try {
      Files.createLink(path, file);
    } catch (FileSystemException | UnsupportedOperationException e) {
      // Nothing is set again: a change of owner would take the capabilities away.
      Files.copy(file, path, StandardCopyOption.COPY_ATTRIBUTES);
    }
  }

  /// @param folders that are to get their attributes; those that go now are forgotten
  private void makeRoom(Path path, Map<Path, LayerEntry> folders) throws IOException {
    if (path.equals(root)) {
      throw new IOException("an entry replaces the root");
    }
    if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
      folders.keySet().removeIf(each -> each.startsWith(path));
      Trees.delete(path);
    }
    Path parent = path.getParent();
    if (parent != null) {
      Files.createDirectories(parent);
    }
  }

  private Path linked(LayerEntry entry) throws IOException {
    Path path = RootPaths.resolveParent(root, EntryName.normal(entry.link()));
    if (!Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS) && !Files.isSymbolicLink(path)) {
      throw new IOException(
          "entry '%s' is a hard link to '%s', which is no file of the image"
              .formatted(entry.name(), entry.link()));
    }
    return path;
  }
}
