// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.credential;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// Shell scripts of a test that note what they are asked.
final class TestPrograms {
  private final Path folder;

  TestPrograms(Path folder) {
    this.folder = folder;
  }

  Path folder() {
    return folder;
  }

  /// @param script what it does when its question, `$asked`, is noted
  void add(String name, String script) throws IOException {
    Path program = folder.resolve(name);
    String note =
        "#!/bin/sh\nasked=\"${0##*/} $* $(cat)\"\necho \"$asked\" >> %s\n".formatted(notes());
    Files.writeString(program, note + script + "\n");
    if (!program.toFile().setExecutable(true)) {
      throw new IOException(program + " cannot be made executable");
    }
  }

  private Path notes() {
    return folder.resolve("notes");
  }

  List<String> asked() throws IOException {
    return Files.exists(notes()) ? Files.readAllLines(notes()) : List.of();
  }
}
