// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.node.configuration.EvictionPolicy;
import dev.havn.node.image.Digests;
import dev.havn.node.image.ImageException;
import dev.havn.node.image.ImageStore;
import dev.havn.node.image.Platform;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SharedImagesTest {
  private static final String MACHINE = Platform.architecture();
  private static final String OTHER = MACHINE.equals("arm64") ? "amd64" : "arm64";
  private static final String NAME = "example.test/web:1";

  @TempDir private Path folder;
  private final ScheduledExecutorService executor = Executors.newScheduledThreadPool(1);
  private SharedImages images;

  @BeforeEach
  void open() {
    images =
        new SharedImages(
            folder.resolve("images"),
            EvictionPolicy.STANDARD,
            RegistriesFile.read(null, Map.of()),
            new World(InstantSource.system(), executor, new SecureRandom()),
            false);
  }

  @AfterEach
  void close() {
    images.close();
    executor.shutdownNow();
  }

  @Test
  void aNameIsAnotherImageForEachArchitecture() throws IOException {
    Path foreign = archive(OTHER);
    assertThatThrownBy(() -> images.load(foreign))
        .isInstanceOf(ImageException.class)
        .hasMessageContaining("no image for linux/" + MACHINE + " in it");
    ImagesOfNode node = images.ofNode();
    ImagesOfNode usual = images.ofNode();
    node.choose(OTHER);
    assertThat(images.load(foreign)).containsExactly(NAME);
    assertThat(which(node)).isEqualTo(OTHER);
    assertThat(usual.has(NAME)).isFalse();
    assertThat(images.load(archive(MACHINE))).containsExactly(NAME);
    assertThat(which(node)).isEqualTo(OTHER);
    assertThat(which(usual)).isEqualTo(MACHINE);
    assertThat(images.all()).hasSize(2).allMatch(each -> each.names().contains(NAME));
    assertThat(new ImageCommands(images).list())
        .extracting(each -> each.path("name").asText() + " " + each.path("architecture").asText())
        .containsExactlyInAnyOrder(NAME + " " + MACHINE, NAME + " " + OTHER);
    node.choose(MACHINE);
    assertThat(which(node)).isEqualTo(MACHINE);
    close();
    open();
    assertThat(images.all()).hasSize(2);
    assertThat(images.remove(NAME)).isTrue();
    assertThat(images.all()).isEmpty();
  }

  private static String which(ImagesOfNode node) throws IOException {
    ImageStore.Image image = node.find(NAME).orElseThrow();
    assertThat(node.root(NAME)).contains(image.rootfs());
    return Files.readString(image.rootfs().resolve("which"));
  }

  private Path archive(String architecture) throws IOException {
    byte[] layer = tar(Map.of("which", architecture.getBytes(UTF_8)));
    String config =
        "{\"architecture\":\"%s\",\"os\":\"linux\",\"config\":{},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"%s\"]}}"
            .formatted(architecture, Digests.ofBytes(layer));
    String manifest =
        "[{\"Config\":\"config.json\",\"RepoTags\":[\"%s\"],\"Layers\":[\"layer.tar\"]}]"
            .formatted(NAME);
    return Files.write(
        folder.resolve(architecture + ".tar"),
        tar(
            Map.of(
                "config.json",
                config.getBytes(UTF_8),
                "layer.tar",
                layer,
                "manifest.json",
                manifest.getBytes(UTF_8))));
  }

  private static byte[] tar(Map<String, byte[]> files) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (TarArchiveOutputStream tar = new TarArchiveOutputStream(out)) {
      for (Map.Entry<String, byte[]> each : files.entrySet()) {
        TarArchiveEntry entry = new TarArchiveEntry(each.getKey());
        entry.setSize(each.getValue().length);
        tar.putArchiveEntry(entry);
        tar.write(each.getValue());
        tar.closeArchiveEntry();
      }
    }
    return out.toByteArray();
  }
}
