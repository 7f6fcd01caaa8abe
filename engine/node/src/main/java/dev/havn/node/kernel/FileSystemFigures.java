// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.kernel;

import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What a file system says of itself that the JDK does not ask, by the program stat.
public final class FileSystemFigures {
  private FileSystemFigures() {}

  /// Files there may be; of a file system without a bound there are 0.
  public record Inodes(long all, long free) {}

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
