// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.kernel;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/// The control groups below one name, in the one hierarchy of version 2 or in all of version 1.
public final class Cgroups {
  private static final Path ROOT = Path.of("/sys/fs/cgroup");
  private static final String PROCESSES = "cgroup.procs";

  private static final Comparator<Path> INNERMOST_FIRST =
      Comparator.comparingInt(Path::getNameCount).reversed();

  /// Its name and its own `.`: each folder in it has one more, `..`.
  private static final int LINKS_OF_THE_INNERMOST = 2;

  private Cgroups() {}

  /// Whether this machine has the one hierarchy of version 2.
  public static boolean areUnified() {
    return Files.exists(ROOT.resolve("cgroup.controllers"));
  }

  /// What control groups of a machine can do.
  ///
  /// @param unified whether they have the one hierarchy of version 2
  /// @param swap whether they bound what is swapped: kernels are built and started without it, too
  public record Abilities(boolean unified, boolean swap) {}

  public static Abilities abilities() {
    return abilities(ROOT, areUnified());
  }

  /// @param root where control groups are mounted
  static Abilities abilities(Path root, boolean unified) {
    if (!unified) {
      return new Abilities(false, Files.exists(root.resolve("memory/memory.memsw.limit_in_bytes")));
    }
    // The first group of all has no bounds.
    try (Stream<Path> groups = Stream.concat(Stream.of(root), Files.list(root))) {
      return new Abilities(
          true, groups.anyMatch(each -> Files.exists(each.resolve("memory.swap.max"))));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// What a file of a group says now; empty when it is not there.
  ///
  /// @param controller such as `memory`
  public static Optional<String> read(String name, String controller, String file)
      throws IOException {
    Path path = (areUnified() ? ROOT : ROOT.resolve(controller)).resolve(name).resolve(file);
    return Files.exists(path) ? Optional.of(Files.readString(path).strip()) : Optional.empty();
  }

  private static List<Path> hierarchies() throws IOException {
    if (areUnified()) {
      return List.of(ROOT);
    }
    if (!Files.isDirectory(ROOT)) {
      return List.of();
    }
    try (Stream<Path> all = Files.list(ROOT)) {
      return all.filter(Files::isDirectory).filter(each -> !Files.isSymbolicLink(each)).toList();
    }
  }

  /// The folders at and below a name, the innermost first. Others make and remove groups meanwhile:
  /// what goes while it is looked at need not be among them.
  public static List<Path> below(String name) throws IOException {
    List<Path> found = new ArrayList<>();
    for (Path hierarchy : hierarchies()) {
      found.addAll(below(hierarchy.resolve(name)));
    }
    found.sort(INNERMOST_FIRST);
    return found;
  }

  static List<Path> below(Path group) throws IOException {
    List<Path> found = new ArrayList<>();
    collect(group, found);
    found.sort(INNERMOST_FIRST);
    return found;
  }

  /// A group has dozens of files, which are looked at only where there is a folder among them: the
  /// number of its links says so.
  private static void collect(Path group, List<Path> found) throws IOException {
    List<Path> inside = new ArrayList<>();
    try {
      Map<String, Object> is =
          Files.readAttributes(group, "unix:isDirectory,nlink", NOFOLLOW_LINKS);
      if (!Boolean.TRUE.equals(is.get("isDirectory"))) {
        return;
      }
      found.add(group);
      if (Integer.valueOf(LINKS_OF_THE_INNERMOST).equals(is.get("nlink"))) {
        return;
      }
      try (DirectoryStream<Path> all = Files.newDirectoryStream(group)) {
        all.forEach(inside::add);
      }
    } catch (DirectoryIteratorException e) {
      requireGone(group, Objects.requireNonNull(e.getCause()));
    } catch (IOException e) {
      requireGone(group, e);
    }
    for (Path each : inside) {
      collect(each, found);
    }
  }

  /// A group that goes has no files before it is no more, and those that are open say that there is
  /// no such device.
  ///
  /// @throws IOException what went wrong with one that is there
  private static void requireGone(Path group, IOException e) throws IOException {
    if (!(e instanceof NoSuchFileException) && Files.exists(group, NOFOLLOW_LINKS)) {
      throw e;
    }
  }

  /// Makes the groups of a name and writes to their files, by controller (`cpu`, `memory`) and
  /// file. Version 2 gives a group its files when its parents pass their controllers on.
  public static void write(String name, Map<String, Map<String, String>> files) throws IOException {
    write(ROOT, areUnified(), name, files);
  }

  /// @param root where control groups are mounted
  static void write(Path root, boolean unified, String name, Map<String, Map<String, String>> files)
      throws IOException {
    if (unified) {
      Path at = root;
      for (Path each : Path.of(name)) {
        for (String controller : files.keySet()) {
          Files.writeString(at.resolve("cgroup.subtree_control"), "+" + controller);
        }
        at = Files.createDirectories(at.resolve(each));
      }
    }
    for (Map.Entry<String, Map<String, String>> each : files.entrySet()) {
      Path hierarchy = unified ? root : root.resolve(each.getKey());
      Path group = Files.createDirectories(hierarchy.resolve(name));
      for (Map.Entry<String, String> file : each.getValue().entrySet()) {
        Files.writeString(group.resolve(file.getKey()), file.getValue());
      }
    }
  }

  /// Takes their bound of processor time from those groups in a group whose processes have ended:
  /// version 1 gives no group less time than one in it may have.
  public static void freeEmpty(String name) throws IOException {
    if (!areUnified()) {
      freeEmpty(ROOT.resolve("cpu").resolve(name));
    }
  }

  static void freeEmpty(Path group) throws IOException {
    if (!Files.isDirectory(group)) {
      return;
    }
    List<Path> inside;
    try (Stream<Path> all = Files.list(group)) {
      inside = all.filter(Files::isDirectory).toList();
    } catch (NoSuchFileException gone) {
      return;
    }
    for (Path each : inside) {
      try {
        if (Files.readString(each.resolve(PROCESSES)).isBlank()) {
          Files.writeString(each.resolve("cpu.cfs_quota_us"), "-1");
        }
      } catch (IOException e) {
        requireGone(each, e);
      }
    }
  }

  /// Ends every process below a name.
  public static void kill(String name) throws IOException {
    for (Path each : below(name)) {
      kill(each);
    }
  }

  static void kill(Path group) throws IOException {
    try {
      for (String pid : Files.readAllLines(group.resolve(PROCESSES))) {
        Processes.kill(Long.parseLong(pid.strip()));
      }
    } catch (IOException e) {
      requireGone(group, e);
    }
  }

  /// Removes the groups below a name; nothing runs in them.
  public static void remove(String name) throws IOException {
    for (Path each : below(name)) {
      remove(each);
    }
  }

  static void remove(Path group) throws IOException {
    try {
      Files.deleteIfExists(group);
    } catch (IOException e) {
      requireGone(group, e);
    }
  }
}
