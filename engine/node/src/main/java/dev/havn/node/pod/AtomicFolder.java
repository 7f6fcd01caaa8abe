// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// A folder whose files change all at once. They live in a hidden folder that the link `..data`
/// names; what a reader sees are links through it, so that moving the one link changes everything:
///
/// ```
/// key      -> ..data/key
/// ..data   -> ..8127349
/// ..8127349/key
/// ```
final class AtomicFolder {
  private static final int ALL = 0777;
  private static final int FOLDER = 0755;
  private static final int GROUP_READ = 0440;
  private static final int GROUP_ENTER = 02110;

  private AtomicFolder() {}

  /// A file to be.
  ///
  /// @param owner null for root
  record Content(byte[] bytes, int mode, @Nullable Long owner) {}

  /// Brings the folder to hold these files, and does nothing when it does.
  ///
  /// @param files by path below the folder
  /// @param group that may read everything, null for none
  static void write(Path target, Map<String, Content> files, @Nullable Long group)
      throws IOException {
    Files.createDirectories(target);
    mode(target, group == null ? ALL : ALL | GROUP_ENTER);
    Path link = target.resolve("..data");
    @Nullable Path old = data(target, link);
    if (old != null && holds(old, files)) {
      return;
    }
    Path fresh = fill(Files.createTempDirectory(target, ".."), files, group);
    Path next = target.resolve("..data_tmp");
    Files.deleteIfExists(next);
    Files.createSymbolicLink(next, fresh.getFileName());
    Files.move(next, link, StandardCopyOption.ATOMIC_MOVE);
    show(target, files.keySet());
    if (old != null) {
      delete(old);
    }
  }

  /// The folder that the link names, null when there is none yet. A link that leads elsewhere is
  /// not ours: what it leads to must be neither read nor deleted.
  private static @Nullable Path data(Path target, Path link) throws IOException {
    if (!Files.isSymbolicLink(link)) {
      return null;
    }
    Path name = Files.readSymbolicLink(link);
    boolean ours = !name.isAbsolute() && name.getNameCount() == 1 && name.toString().length() > 2;
    Path folder = target.resolve(name);
    return ours && Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS) ? folder : null;
  }

  private static Path fill(Path fresh, Map<String, Content> files, @Nullable Long group)
      throws IOException {
    mode(fresh, FOLDER);
    for (Map.Entry<String, Content> file : files.entrySet()) {
      Path path = fresh.resolve(file.getKey()).normalize();
      if (!path.startsWith(fresh) || path.equals(fresh)) {
        throw new IOException("the path " + file.getKey() + " leaves its volume");
      }
      folders(fresh, Objects.requireNonNull(path.getParent()));
      Content content = file.getValue();
      Files.write(path, content.bytes());
      if (content.owner() != null) {
        Files.setAttribute(path, "unix:uid", content.owner().intValue());
      }
      mode(path, group == null ? content.mode() : content.mode() | GROUP_READ);
    }
    if (group != null) {
      give(fresh, group);
    }
    return fresh;
  }

  /// Makes folders that everybody may enter, whatever the umask.
  private static void folders(Path root, Path folder) throws IOException {
    if (folder.equals(root) || Files.isDirectory(folder)) {
      return;
    }
    folders(root, Objects.requireNonNull(folder.getParent()));
    Files.createDirectory(folder);
    mode(folder, FOLDER);
  }

  private static void give(Path folder, long group) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path each : all.toList()) {
        Files.setAttribute(each, "unix:gid", (int) group);
        if (Files.isDirectory(each)) {
          mode(each, FOLDER | GROUP_ENTER);
        }
      }
    }
  }

  private static void mode(Path path, int mode) throws IOException {
    Files.setAttribute(path, "unix:mode", mode);
  }

  /// Links for what is there now, none for what is no more.
  private static void show(Path target, Set<String> files) throws IOException {
    Set<String> names = new TreeSet<>();
    files.forEach(file -> names.add(String.valueOf(Path.of(file).getName(0))));
    for (String name : names) {
      Path visible = target.resolve(name);
      if (!Files.isSymbolicLink(visible)) {
        Files.createSymbolicLink(visible, Path.of("..data", name));
      }
    }
    try (Stream<Path> all = Files.list(target)) {
      for (Path each : all.filter(Files::isSymbolicLink).toList()) {
        String name = String.valueOf(each.getFileName());
        if (!name.equals("..data") && !names.contains(name)) {
          Files.delete(each);
        }
      }
    }
  }

  private static boolean holds(Path folder, Map<String, Content> files) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      if (all.filter(Files::isRegularFile).count() != files.size()) {
        return false;
      }
    }
    for (Map.Entry<String, Content> file : files.entrySet()) {
      Path path = folder.resolve(file.getKey());
      if (!Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)
          || !Arrays.equals(Files.readAllBytes(path), file.getValue().bytes())) {
        return false;
      }
    }
    return true;
  }

  /// Deletes a folder with all that is in it, also while somebody else does.
  static void delete(Path folder) {
    try {
      Files.walkFileTree(folder, new Deletion());
    } catch (IOException e) {
      throw new UncheckedIOException("deleting " + folder, e);
    }
  }

  private static final class Deletion extends SimpleFileVisitor<Path> {
    @Override
    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
      Files.deleteIfExists(file);
      return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult visitFileFailed(Path file, IOException failure) throws IOException {
      return unlessGone(failure);
    }

    @Override
    public FileVisitResult postVisitDirectory(Path folder, @Nullable IOException failure)
        throws IOException {
      if (failure != null) {
        return unlessGone(failure);
      }
      Files.deleteIfExists(folder);
      return FileVisitResult.CONTINUE;
    }

    private static FileVisitResult unlessGone(IOException failure) throws IOException {
      if (failure instanceof NoSuchFileException) {
        return FileVisitResult.CONTINUE;
      }
      throw failure;
    }
  }
}
