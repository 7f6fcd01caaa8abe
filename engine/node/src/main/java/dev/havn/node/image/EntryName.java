// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.image;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/// Names in an archive.
final class EntryName {
  private static final int CHARS_MAX = 4_096;

  private EntryName() {}

  /// Without `.` and slashes that say nothing; empty for the root.
  ///
  /// @throws IOException when it leads out of the archive
  static String normal(String name) throws IOException {
    Deque<String> names = new ArrayDeque<>();
    for (String each : name.split("/")) {
      if (each.equals("..") || each.indexOf('\0') >= 0 || name.length() > CHARS_MAX) {
        throw new IOException("entry '" + shown(name) + "' leads out of the archive");
      }
      if (!each.isEmpty() && !each.equals(".")) {
        names.addLast(each);
      }
    }
    return String.join("/", names);
  }

  /// Where a link leads, as its entry says it; empty when it says nothing.
  ///
  /// @throws IOException when no path is that long
  static String link(String name, @Nullable String target) throws IOException {
    if (target != null && target.length() > CHARS_MAX) {
      throw new IOException(
          "entry '%s' links to a name of %d characters, of which there may be %d"
              .formatted(shown(name), target.length(), CHARS_MAX));
    }
    return target == null ? "" : target;
  }

  /// Of the target of a link inside the archive, whose `..` are gone up.
  static String collapse(String name) throws IOException {
    Deque<String> names = new ArrayDeque<>();
    for (String each : name.split("/")) {
      if (each.equals("..")) {
        if (names.pollLast() == null) {
          throw new IOException("'" + shown(name) + "' points out of the archive");
        }
      } else if (!each.isEmpty() && !each.equals(".")) {
        names.addLast(each);
      }
    }
    return String.join("/", names);
  }

  private static String shown(String name) {
    String plain = name.replaceAll("\\p{Cntrl}", "?");
    return plain.length() > 200 ? plain.substring(0, 200) + "..." : plain;
  }
}
