// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TreeTest {
  @TempDir private Path home;
  private Path folder;
  private Path outside;

  @BeforeEach
  void fill() throws IOException {
    assumeThat(System.getProperty("os.name")).as("nodes run on Linux").isEqualTo("Linux");
    folder = Files.createDirectories(home.resolve("folder"));
    outside = Files.createDirectories(home.resolve("outside"));
    Files.writeString(outside.resolve("kept"), "x");
  }

  /// Deeper than a path may be long: nothing at its ground is reached by a path, only step by step.
  private void deepen() throws IOException {
    Path ground = Files.createDirectories(home.resolve("ground"));
    Files.writeString(ground.resolve("last"), "x");
    for (int i = 0; i < 30; i++) {
      Path above = Files.createDirectory(home.resolve("above"));
      Files.move(ground, above.resolve("n".repeat(200)));
      ground = Files.move(above, home.resolve("ground"));
    }
    Files.move(ground, folder.resolve("deep"));
  }

  @Test
  void everythingIsDeletedWithoutPathsToIt() throws IOException {
    deepen();
    Files.createSymbolicLink(folder.resolve("link"), outside);
    Tree.delete(folder);
    assertThat(folder).doesNotExist();
    assertThat(outside.resolve("kept")).exists();
  }

  @Test
  void everythingIsComeByWithoutPathsToItAndAFolderAfterWhatIsInIt() throws IOException {
    deepen();
    List<Boolean> folders = new ArrayList<>();
    Tree.walk(folder, each -> folders.add(each.isFolder()));
    assertThat(folders).hasSize(33).startsWith(false, true).endsWith(true);
    Tree.delete(folder);
  }

  @Test
  void aFolderThatBecomesALinkWhileItIsWalkedThroughLeadsNowhereElse() throws IOException {
    Path inner = Files.createDirectories(folder.resolve("inner"));
    Files.writeString(inner.resolve("one"), "x");
    Files.writeString(inner.resolve("two"), "x");
    Path real = outside.toRealPath();
    List<Path> places = new ArrayList<>();
    Tree.walk(
        folder,
        each -> {
          if (places.isEmpty()) {
            Files.move(inner, home.resolve("moved"));
            Files.createSymbolicLink(inner, outside);
          }
          places.add(each.place());
        });
    assertThat(places).hasSize(4).noneMatch(each -> each.startsWith(real));
  }
}
