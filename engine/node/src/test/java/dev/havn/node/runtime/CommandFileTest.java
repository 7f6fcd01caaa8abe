// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CommandFileTest {
  @TempDir private Path folder;

  @Test
  void liesOutsideTheContainersFolderForItsOwnerOnlyAndGoesWithTheCommand() throws IOException {
    Path home = Files.createDirectory(folder.resolve("home"));
    Files.writeString(
        home.resolve("config.json"), "{\"process\": {\"env\": [\"A=b\"], \"args\": [\"sleep\"]}}");
    Path commands = folder.resolve("run/commands");
    try (CommandFile process = new CommandFile(home, commands, List.of("echo", "x"), true)) {
      Path file = process.write();
      assertThat(file)
          .hasParent(commands)
          .hasContent("{\"env\":[\"A=b\"],\"args\":[\"echo\",\"x\"],\"terminal\":true}");
      assertThat(mode(file)).isEqualTo("rw-------");
      assertThat(mode(commands)).isEqualTo("rwx------");
      try (Stream<Path> all = Files.list(home)) {
        assertThat(all).containsExactly(home.resolve("config.json"));
      }
    }
    assertThat(commands).isEmptyDirectory();
  }

  private static String mode(Path path) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
  }
}
