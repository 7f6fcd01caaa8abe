// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.kernel;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/// The network links of this process's network namespace.
public final class Links {
  private static final Path FOLDER = Path.of("/sys/class/net");

  private Links() {}

  public static List<String> names() throws IOException {
    if (!Files.isDirectory(FOLDER)) {
      return List.of();
    }
    try (Stream<Path> all = Files.list(FOLDER)) {
      return all.map(each -> String.valueOf(each.getFileName())).sorted().toList();
    }
  }
}
