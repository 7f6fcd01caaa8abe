// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.node.image.ImageStore.Image;
import dev.havn.node.image.LocalImages;
import dev.havn.node.runtime.ContainerRuntime.Mount;
import dev.havn.node.runtime.ContainerRuntime.StartException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ImageVolumesTest {
  private static final int LARGE = (16 << 20) + 1;

  @TempDir private Path folder;
  private long free = Long.MAX_VALUE;
  private final LocalImages images =
      new LocalImages() {
        @Override
        public Optional<Image> find(String name) {
          return Optional.empty();
        }

        @Override
        public void requireRoom(String what, long bytes) throws IOException {
          if (bytes > free) {
            throw new IOException("no space left on device: " + what + " needs more");
          }
        }
      };

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
    List<Mount> mounts = new ImageVolumes(images).with(List.of(), image("/data", "/none"), home());
    assertThat(mounts).extracting(Mount::target).containsExactly("/data", "/none");
    assertThat(half.resolve("file")).hasContent("whole");
    try (Stream<Path> all = Files.list(half)) {
      assertThat(all).hasSize(1);
    }
  }

  @Test
  void largeVolumesWaitForOthersAndSmallOnesForNobody() throws IOException {
    file("large/file", "x".repeat(LARGE));
    file("small/file", "x");
    for (int each = 0; each < 600; each++) {
      file("many/" + each, "");
    }
    ImageVolumes volumes = new ImageVolumes(images, 0);
    for (String each : List.of("/large", "/many")) {
      assertThatThrownBy(() -> volumes.with(List.of(), image(each), home()))
          .isInstanceOfSatisfying(
              StartException.class, e -> assertThat(e.reason()).isEqualTo("ContainerCreating"));
    }
    assertThat(volumes.with(List.of(), image("/small"), home())).hasSize(1);
    ImageVolumes one = new ImageVolumes(images, 1);
    for (int turn = 0; turn < 2; turn++) {
      assertThat(one.with(List.of(), image("/large", "/many"), home())).hasSize(2);
    }
  }

  @Test
  void volumesForWhichThereIsNoRoomAreNotCopied() throws IOException {
    file("a/file", "x".repeat(LARGE));
    file("b/file", "x".repeat(LARGE));
    free = 3 * LARGE / 2;
    ImageVolumes volumes = new ImageVolumes(images);
    assertThat(volumes.with(List.of(), image("/a"), home())).hasSize(1);
    assertThatThrownBy(() -> volumes.with(List.of(), image("/a", "/b"), home()))
        .isInstanceOf(IOException.class)
        .hasMessage("no space left on device: a copy of the volumes of image i needs more");
    assertThat(home().resolve(ImageVolumes.FOLDER)).isEmptyDirectory();
    // A volume in another is there twice.
    file("outer/inner/file", "x".repeat(LARGE));
    assertThatThrownBy(() -> volumes.with(List.of(), image("/outer", "/outer/inner"), home()))
        .isInstanceOf(IOException.class);
    // The refused one counts no more.
    assertThat(volumes.with(List.of(), image("/b"), home())).hasSize(1);
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
