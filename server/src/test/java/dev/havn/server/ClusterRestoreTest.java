// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.reconcile.Api;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A real server is backed up while it runs and comes back elsewhere and in its place.
class ClusterRestoreTest {
  private static final String MAPS = "/api/v1/namespaces/default/configmaps";
  private static final String MAP =
      "{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"%s\"}}";

  @TempDir private Path folder;

  private Configuration at(String name) {
    Configuration plain = Configuration.of(folder.resolve(name));
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

  private static Api api(Havn havn) {
    return new Api(havn.cluster().client("admin", List.of("system:masters")));
  }

  private static long revision(Api api) {
    return api.get(MAPS).at("/metadata/resourceVersion").asLong();
  }

  @Test
  void whatWasBackedUpIsThereAgainWithItsKeysAndRevisionsThatRise() throws IOException {
    Path file = folder.resolve("backup");
    long last;
    try (Havn havn = Havn.start(at("one"))) {
      havn.awaitReady();
      Api api = api(havn);
      api.create(MAPS, MAP.formatted("kept"));
      JsonNode written = havn.backup(file);
      assertThat(written.path("entries").asInt()).isPositive();
      api.create(MAPS, MAP.formatted("later"));
      last = revision(api);
      assertThatThrownBy(() -> new ClusterRestore(at("one")).from(file))
          .isInstanceOf(StartException.class)
          .hasMessageContaining("a server runs in " + folder.resolve("one"));
    }

    assertThat(new ClusterRestore(at("two")).replaces()).isNull();
    new ClusterRestore(at("two")).from(file);
    assertThat(new ClusterRestore(at("one")).replaces())
        .isEqualTo("everything in " + folder.resolve("one"));
    new ClusterRestore(at("one")).from(file);
    for (String name : List.of("certificates/ca.key", "certificates/service-accounts.key")) {
      assertThat(folder.resolve("one").resolve(name))
          .hasSameBinaryContentAs(folder.resolve("two").resolve(name));
    }
    for (String name : List.of("two", "one")) {
      try (Havn havn = Havn.start(at(name))) {
        havn.awaitReady();
        Api api = api(havn);
        assertThat(api.find(MAPS + "/kept")).isPresent();
        assertThat(api.find(MAPS + "/later")).isEmpty();
        assertThat(revision(api)).isGreaterThan(last);
      }
    }
    long before = highest("one");
    new ClusterRestore(at("one")).from(file);
    assertThat(highest("one")).isGreaterThan(before);
  }

  private long highest(String name) throws IOException {
    Path copy = folder.resolve("offline-" + name);
    return ClusterBackup.ofStopped(folder.resolve(name), copy).path("revision").asLong();
  }

  @Test
  void aDamagedBackupChangesNothing() throws IOException {
    Path file = folder.resolve("backup");
    try (Havn havn = Havn.start(at("one"))) {
      havn.awaitReady();
      havn.backup(file);
    }
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length / 2] ^= 1;
    Files.write(file, bytes);
    Path key = folder.resolve("one/certificates/ca.key");
    byte[] before = Files.readAllBytes(key);
    assertThatThrownBy(() -> new ClusterRestore(at("one")).from(file))
        .isInstanceOf(StartException.class)
        .hasMessageContaining(file + " is damaged at byte ");
    assertThat(Files.readAllBytes(key)).isEqualTo(before);
    assertThatThrownBy(() -> ClusterBackup.ofStopped(folder.resolve("nowhere"), file))
        .isInstanceOf(StartException.class)
        .hasMessageContaining("no server runs in");
  }
}
