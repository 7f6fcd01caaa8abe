// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.kernel;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What a file system says of itself that the JDK does not ask, by the program stat.
public final class FileSystemFigures {
  private FileSystemFigures() {}

  /// Files there may be; of a file system without a bound there are 0.
  public record Inodes(long all, long free) {}

  /// @param bytesFree for the machine
  /// @param bytesLeft for anybody
  /// @param inodes 0 where there is no bound
  public record Space(long bytes, long bytesFree, long bytesLeft, long inodes, long inodesFree) {
    /// What is taken of it, also by what is not counted as somebody's.
    public long inodesUsed() {
      return inodes - inodesFree;
    }
  }

  /// Of the file systems that each of these lies on; of what is not there nothing is said.
  public static Map<Path, Space> spaces(List<Path> paths) throws IOException {
    List<String> command =
        new ArrayList<>(List.of("stat", "-f", "-c", "%S %b %f %a %c %d %n", "--"));
    int words = command.size();
    paths.stream().filter(Files::exists).map(Path::toString).forEach(command::add);
    Map<Path, Space> spaces = new HashMap<>();
    if (command.size() > words) {
      for (String line : Program.run(command).output().split("\n")) {
        if (line.matches("([0-9]{1,18} ){6}/.*")) {
          String[] parts = line.split(" ", 7);
          long block = Long.parseLong(parts[0]);
          spaces.put(
              Path.of(parts[6]),
              new Space(
                  block * Long.parseLong(parts[1]),
                  block * Long.parseLong(parts[2]),
                  block * Long.parseLong(parts[3]),
                  Long.parseLong(parts[4]),
                  Long.parseLong(parts[5])));
        }
      }
    }
    return spaces;
  }

  /// Of the file system that a folder lies on, or will lie on when it is made.
  public static Inodes inodes(Path folder) throws IOException {
    @Nullable File at = folder.toAbsolutePath().toFile();
    while (at != null && !at.exists()) {
      at = at.getParentFile();
    }
    String place = at == null ? "/" : at.toString();
    String text = Program.must(List.of("stat", "-f", "-c", "%c %d", "--", place));
    if (!text.matches("[0-9]{1,18} [0-9]{1,18}")) {
      throw new IOException("stat says of " + place + ": " + text);
    }
    String[] parts = text.split(" ", -1);
    return new Inodes(Long.parseLong(parts[0]), Long.parseLong(parts[1]));
  }
}
