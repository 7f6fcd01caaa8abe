// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.kernel;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// The network links of this process's network namespace. Not as `/sys` shows them, which is the
/// namespace of whoever mounted it.
public final class Links {
  private static final Path TABLE = Path.of("/proc/self/net/dev");

  /// Lines at its top that are no links.
  private static final int HEAD = 2;

  private Links() {}

  public static List<String> names() throws IOException {
    if (!Files.exists(TABLE)) {
      return List.of();
    }
    return names(Files.readAllLines(TABLE));
  }

  /// Of a table that was read in another namespace.
  public static List<String> names(List<String> table) {
    return table.stream()
        .skip(HEAD)
        .map(line -> line.substring(0, line.lastIndexOf(':')).strip())
        .sorted()
        .toList();
  }
}
