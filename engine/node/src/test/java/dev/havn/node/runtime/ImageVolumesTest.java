// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.node.image.ImageStore.Image;
import dev.havn.node.runtime.ContainerRuntime.Mount;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ImageVolumesTest {
  @TempDir private Path folder;

  private Image image(String... volumes) throws IOException {
    ObjectNode config = new ObjectMapper().createObjectNode();
    for (String each : volumes) {
      config.withObject("Volumes").putObject(each);
    }
    return new Image("i", "i", Files.createDirectories(folder.resolve("image")), config);
  }

  private void file(String path, String text) throws IOException {
    Path file = folder.resolve("image").resolve(path);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }

  private Path home() throws IOException {
    return Files.createDirectories(folder.resolve("home"));
  }

  @Test
  void whatAStartThatWasBrokenOffHasCopiedIsCopiedAnew() throws IOException {
    file("data/file", "whole");
    Path half = Files.createDirectories(home().resolve(ImageVolumes.FOLDER).resolve("0"));
    Files.writeString(half.resolve("file"), "wh");
    Files.writeString(half.resolve("stale"), "");
    List<Mount> mounts = ImageVolumes.with(List.of(), image("/data", "/none"), home());
    assertThat(mounts).extracting(Mount::target).containsExactly("/data", "/none");
    assertThat(half.resolve("file")).hasContent("whole");
    try (Stream<Path> all = Files.list(half)) {
      assertThat(all).hasSize(1);
    }
  }

  @Test
  void copiesThatOutliveTheirServerEndBeforeTheirFolderGoes() throws Exception {
    Path own = Files.createDirectories(home().resolve(ImageVolumes.FOLDER)).resolve("0");
    Path others = folder.resolve("others").resolve(ImageVolumes.FOLDER).resolve("0");
    Process copy = copying(own);
    Process other = copying(others);
    try {
      ImageVolumes.endCopies(folder.resolve("none"));
      assertThat(copy.isAlive()).isTrue();
      ImageVolumes.endCopies(home());
      assertThat(copy.waitFor(30, TimeUnit.SECONDS)).isTrue();
      assertThat(other.isAlive()).isTrue();
    } finally {
      copy.destroyForcibly();
      other.destroyForcibly();
    }
  }

  /// What waits for more to copy: nobody writes to its input.
  private static Process copying(Path own) throws IOException {
    return new ProcessBuilder("sh", "-c", "read x; cp -aT -- \"$1\" \"$2\"", "sh", "/x", "" + own)
        .start();
  }
}
