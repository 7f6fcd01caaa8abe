// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.image;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;

/// Paths as a process sees them whose root is a folder: absolute links begin at that folder, and
/// nothing leads out of it.
public final class RootPaths {
  private static final int LINKS_MAX = 40;

  private RootPaths() {}

  /// Where a path leads, all links followed. What is not there stays as it is written.
  ///
  /// @param root a real path
  /// @return a path below `root`, or `root`
  /// @throws IOException when links go in circles
  public static Path resolve(Path root, String path) throws IOException {
    Deque<String> left = new ArrayDeque<>();
    push(left, path);
    Path at = root;
    int links = 0;
    while (!left.isEmpty()) {
      String name = left.pop();
      if (name.equals("..")) {
        Path parent = at.getParent();
        at = at.equals(root) || parent == null ? root : parent;
      } else if (!name.isEmpty() && !name.equals(".")) {
        Path next = at.resolve(name);
        if (Files.isSymbolicLink(next)) {
          if (++links > LINKS_MAX) {
            throw new IOException(path + " goes through more than " + LINKS_MAX + " links");
          }
          String target = Files.readSymbolicLink(next).toString();
          at = target.startsWith("/") ? root : at;
          push(left, target);
        } else {
          at = next;
        }
      }
    }
    return at;
  }

  private static void push(Deque<String> left, String path) {
    String[] names = path.split("/");
    for (int i = names.length - 1; i >= 0; i--) {
      left.push(names[i]);
    }
  }

  /// Where a path leads whose last name is taken as it stands, even if it is a link.
  public static Path resolveParent(Path root, String path) throws IOException {
    String trimmed = path.replaceAll("/+$", "");
    int slash = trimmed.lastIndexOf('/');
    Path parent = resolve(root, slash < 0 ? "" : trimmed.substring(0, slash));
    return parent.resolve(trimmed.substring(slash + 1));
  }
}
