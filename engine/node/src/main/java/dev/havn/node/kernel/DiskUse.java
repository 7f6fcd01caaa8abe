// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.kernel;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// How much of the disk files and folders take, by the program du: it counts what is taken, not how
/// long files say that they are.
public final class DiskUse {
  private DiskUse() {}

  /// In bytes, by path; what is not there takes nothing. What goes while it is counted may count.
  public static Map<Path, Long> bytes(List<Path> paths) throws IOException {
    return count(List.of("du", "-sxB1", "--"), paths);
  }

  /// In bytes, by path, also what is in several of them and each link to a file: as much as copies
  /// of them may take.
  public static Map<Path, Long> bytesOfEach(List<Path> paths) throws IOException {
    return count(List.of("du", "-slxB1", "--"), paths);
  }

  /// How many files there are, by path.
  public static Map<Path, Long> files(List<Path> paths) throws IOException {
    return count(List.of("du", "-sx", "--inodes", "--"), paths);
  }

  private static Map<Path, Long> count(List<String> program, List<Path> paths) throws IOException {
    List<String> command = new ArrayList<>(program);
    paths.stream().filter(Files::exists).map(Path::toString).forEach(command::add);
    Map<Path, Long> counts = new HashMap<>();
    if (command.size() > program.size()) {
      for (String line : Program.run(command).output().split("\n")) {
        String[] parts = line.split("\t", 2);
        if (parts.length == 2 && parts[0].matches("[0-9]{1,18}")) {
          counts.put(Path.of(parts[1]), Long.parseLong(parts[0]));
        }
      }
    }
    return counts;
  }
}
