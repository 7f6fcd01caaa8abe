// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BeneathTest {
  private static final int TRIES = 10_000;

  @TempDir Path folder;
  private Path volume;
  private Path host;

  @BeforeEach
  void make() throws IOException {
    folder = folder.toRealPath();
    volume = Files.createDirectories(folder.resolve("volume"));
    host = Files.createDirectories(folder.resolve("host/deep"));
  }

  private Path placeOf(String below) throws IOException {
    try (Descriptor held = Beneath.open(volume, below)) {
      return held.place();
    }
  }

  @Test
  void opensFoldersAndFilesAlsoThroughLinksInside() throws IOException {
    Files.createDirectories(volume.resolve("..1"));
    Files.writeString(volume.resolve("..1/key"), "x");
    Files.createSymbolicLink(volume.resolve("..data"), Path.of("..1"));
    Files.createSymbolicLink(volume.resolve("key"), Path.of("..data/key"));
    assertThat(placeOf("key")).isEqualTo(volume.resolve("..1/key"));
    assertThat(placeOf("./..data//")).isEqualTo(volume.resolve("..1"));
    assertThat(placeOf("..data/key")).isEqualTo(volume.resolve("..1/key"));
  }

  @Test
  void makesWhatIsMissingWithTheModeOfTheOutermost() throws IOException {
    Files.setAttribute(volume, "unix:mode", 02777);
    assertThat(placeOf("a/b")).isEqualTo(volume.resolve("a/b"));
    assertThat((int) Files.getAttribute(volume.resolve("a/b"), "unix:mode") & 07777)
        .isEqualTo(02777);
  }

  @Test
  void refusesLinksThatLeadOut() throws IOException {
    Files.createSymbolicLink(volume.resolve("absolute"), host);
    Files.createSymbolicLink(volume.resolve("relative"), Path.of("../host"));
    Files.createSymbolicLink(volume.resolve("dangling"), Path.of("../host/none"));
    for (String each : new String[] {"absolute", "relative/deep", "dangling", "dangling/x"}) {
      assertThatThrownBy(() -> placeOf(each)).as(each).isInstanceOf(IOException.class);
    }
    assertThat(folder.resolve("host/none")).doesNotExist();
  }

  @Test
  void whatIsHeldStaysWhatItIsWhenALinkTakesItsPlace() throws IOException {
    Files.writeString(Files.createDirectory(volume.resolve("it")).resolve("who"), "volume");
    Files.writeString(host.resolve("who"), "machine");
    try (Descriptor held = Beneath.open(volume, "it")) {
      Files.move(volume.resolve("it"), volume.resolve("away"));
      Files.createSymbolicLink(volume.resolve("it"), host);
      assertThat(held.path().resolve("who")).content().isEqualTo("volume");
      assertThat(held.place()).isEqualTo(volume.resolve("away"));
    }
  }

  /// What a container does that shares the volume: a folder, a link to the machine, a folder, ...
  @Test
  void staysInsideWhileFoldersAndLinksChangePlaces() throws Exception {
    Files.createDirectories(volume.resolve("folder/deep"));
    Files.createSymbolicLink(volume.resolve("link"), Path.of("../host"));
    AtomicBoolean done = new AtomicBoolean();
    Thread mover = Thread.ofPlatform().start(() -> swap(done));
    int inside = 0;
    int refused = 0;
    try {
      for (int i = 0; i < TRIES; i++) {
        try {
          assertThat(placeOf("it/deep")).startsWithRaw(volume);
          inside++;
        } catch (IOException caught) {
          refused++;
        }
      }
    } finally {
      done.set(true);
      mover.join();
    }
    assertThat(inside).as("the folder was there").isPositive();
    assertThat(refused).as("the link was there, or nothing").isPositive();
    assertThat(host).isEmptyDirectory();
  }

  private void swap(AtomicBoolean done) {
    Path it = volume.resolve("it");
    try {
      while (!done.get()) {
        move(volume.resolve("folder"), it);
        move(it, volume.resolve("folder"));
        move(volume.resolve("link"), it);
        move(it, volume.resolve("link"));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// An open that found nothing has made a folder; it makes way.
  private void move(Path from, Path to) throws IOException {
    while (true) {
      try {
        Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
        return;
      } catch (FileSystemException occupied) {
        Files.deleteIfExists(to.resolve("deep"));
        Files.deleteIfExists(to);
      }
    }
  }
}
