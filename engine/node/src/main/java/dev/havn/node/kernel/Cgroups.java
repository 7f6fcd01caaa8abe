// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.kernel;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/// The control groups below one name, in the one hierarchy of version 2 or in all of version 1.
public final class Cgroups {
  private static final Path ROOT = Path.of("/sys/fs/cgroup");

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

  /// The folders at and below a name, the innermost first.
  public static List<Path> below(String name) throws IOException {
    List<Path> found = new ArrayList<>();
    for (Path hierarchy : hierarchies()) {
      Path top = hierarchy.resolve(name);
      if (Files.isDirectory(top)) {
        try (Stream<Path> all = Files.walk(top)) {
          all.filter(Files::isDirectory).forEach(found::add);
        }
      }
    }
    found.sort(Comparator.comparingInt(Path::getNameCount).reversed());
    return found;
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
    try (Stream<Path> all = Files.list(group)) {
      for (Path each : all.filter(Files::isDirectory).toList()) {
        if (Files.readString(each.resolve("cgroup.procs")).isBlank()) {
          Files.writeString(each.resolve("cpu.cfs_quota_us"), "-1");
        }
      }
    }
  }

  /// Ends every process below a name.
  public static void kill(String name) throws IOException {
    for (Path each : below(name)) {
      for (String pid : Files.readAllLines(each.resolve("cgroup.procs"))) {
        Processes.kill(Long.parseLong(pid.strip()));
      }
    }
  }

  /// Removes the groups below a name; nothing runs in them.
  public static void remove(String name) throws IOException {
    for (Path each : below(name)) {
      Files.deleteIfExists(each);
    }
  }
}
