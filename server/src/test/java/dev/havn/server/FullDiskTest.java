// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.havn.reconcile.Api;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A real server on a disk of 24 MiB that runs full. Needs the right to mount.
class FullDiskTest {
  private static final String MAPS = "/api/v1/namespaces/default/configmaps";

  @TempDir private Path folder;
  private Path disk;
  private boolean mounted;

  @BeforeEach
  void mount() throws Exception {
    disk = Files.createDirectory(folder.resolve("disk"));
    mounted = run("mount", "-t", "tmpfs", "-o", "size=24m", "havn-full", disk.toString());
    assumeTrue(mounted, "no right to mount");
  }

  @AfterEach
  void unmount() throws Exception {
    if (mounted) {
      assertThat(run("umount", disk.toString())).isTrue();
    }
  }

  private static boolean run(String... command) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    return process.waitFor() == 0;
  }

  private Configuration configuration() {
    Configuration plain = Configuration.of(disk.resolve("data"));
    return new Configuration(
        plain.dataDirectory(),
        plain.bind(),
        0,
        null,
        1,
        Configuration.RuntimeChoice.SIMULATED,
        plain.store(),
        plain.serviceRange(),
        plain.podRange());
  }

  @Test
  void writesAreRefusedInWordsAndGoOnWhenThereIsRoom() throws IOException {
    try (Havn havn = Havn.start(configuration())) {
      havn.awaitReady();
      Api api = new Api(havn.cluster().client("admin", List.of("system:masters")));
      api.create(MAPS, map("before").toString());
      Path filler = disk.resolve("filler");
      fill(filler);
      assertThatThrownBy(() -> fillStore(api))
          .isInstanceOfSatisfying(
              Api.RefusedException.class,
              refused -> {
                assertThat(refused.code()).isEqualTo(500);
                assertThat(refused.reason()).isEqualTo("InternalError");
                assertThat(refused).hasMessageContaining("the store's disk takes no more");
              });
      assertThat(api.get(MAPS + "/before").path("data").path("key").asText()).hasSize(100_000);
      assertThat(havn.status().path("problems").toString()).contains("has only 0 MiB left");
      Files.delete(filler);
      api.create(MAPS, map("after").toString());
      api.delete(MAPS + "/before", Api.object());
    }
    try (Havn again = Havn.start(configuration())) {
      again.awaitReady();
      Api api = new Api(again.cluster().client("admin", List.of("system:masters")));
      assertThat(api.find(MAPS + "/after")).isPresent();
      assertThat(api.find(MAPS + "/before")).isEmpty();
    }
  }

  private static com.fasterxml.jackson.databind.node.ObjectNode map(String name) {
    var map = Api.object().put("kind", "ConfigMap").put("apiVersion", "v1");
    map.putObject("metadata").put("name", name);
    map.putObject("data").put("key", "x".repeat(100_000));
    return map;
  }

  /// The last page of the log may still have room.
  private static void fillStore(Api api) {
    for (int i = 0; i < 10; i++) {
      api.create(MAPS, map("filler-" + i).toString());
    }
  }

  private static void fill(Path file) throws IOException {
    byte[] block = new byte[4_096];
    try (OutputStream out = Files.newOutputStream(file)) {
      while (true) {
        out.write(block);
      }
    } catch (IOException full) {
      assertThat(full).hasMessageContaining("No space left");
    }
  }
}
