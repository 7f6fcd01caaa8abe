// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.kernel;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// All of a folder that others write to while it is walked through: whatever they put in the place
/// of a folder meanwhile, nothing outside is reached. No path of more than one name is opened.
public final class Tree {
  /// Each holds a descriptor open while the walk is below it.
  private static final int DEPTH_MAX = 500;

  /// What is done with each thing.
  @FunctionalInterface
  public interface Visit {
    void accept(Descriptor each) throws IOException;
  }

  private Tree() {}

  /// Comes by everything in a folder, and by a folder after what is in it. Links are not followed.
  public static void walk(Path folder, Visit visit) throws IOException {
    try (Descriptor root = Descriptor.open(folder.toRealPath())) {
      walk(root, visit, 0);
    }
  }

  private static void walk(Descriptor at, Visit visit, int depth) throws IOException {
    if (at.isFolder()) {
      if (depth == DEPTH_MAX) {
        throw new IOException("more than " + DEPTH_MAX + " folders in each other");
      }
      try (DirectoryStream<Path> names = Files.newDirectoryStream(at.path())) {
        for (Path each : names) {
          try (Descriptor next = at.open(String.valueOf(each.getFileName()))) {
            walk(next, visit, depth + 1);
          }
        }
      }
    }
    visit.accept(at);
  }

  /// Deletes a folder with all that is in it, by the program rm, which holds on to folders likewise
  /// and to any depth. What is mounted in it stays, and so does the folder then.
  ///
  /// @throws IOException also when there is too much for one go: the next goes on from there
  public static void delete(Path folder) throws IOException {
    Program.must(List.of("rm", "-rf", "--one-file-system", "--", folder.toString()));
  }
}
