// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.kernel;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/// The control groups below one name, in the one hierarchy of version 2 or in all of version 1.
public final class Cgroups {
  private static final Path ROOT = Path.of("/sys/fs/cgroup");

  private Cgroups() {}

  /// Whether this machine has the one hierarchy of version 2.
  public static boolean areUnified() {
    return Files.exists(ROOT.resolve("cgroup.controllers"));
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
