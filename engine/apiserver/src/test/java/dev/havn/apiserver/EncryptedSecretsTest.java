// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.apiserver.encryption.EncryptionAtRest;
import dev.havn.reconcile.VirtualTime;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Secrets of an API server whose store encrypts them.
class EncryptedSecretsTest {
  private static final String SECRETS = "/api/v1/namespaces/default/secrets";
  private static final String ONE = SECRETS + "/one";

  @TempDir private Path folder;
  private final VirtualTime time = new VirtualTime(TestApi.START);

  private TestApi open(String... keys) throws IOException {
    List<String> named =
        Stream.of(keys)
            .map(
                name -> "{name: %s, secret: AAAAAAAAAAAAAAAAAAAAAAAAAAAAA%s}".formatted(name, name))
            .toList();
    Path file =
        Files.writeString(
            folder.resolve("encryption.yaml"),
            """
            apiVersion: apiserver.config.k8s.io/v1
            kind: EncryptionConfiguration
            resources:
            - resources: [secrets]
              providers: [{aesgcm: {keys: %s}}, {identity: {}}]
            """
                .formatted(named));
    return TestApi.on(
        folder.resolve("store"), time, EncryptionAtRest.open(file, time, new SecureRandom(), time));
  }

  private String disk() throws IOException {
    StringBuilder all = new StringBuilder();
    try (Stream<Path> files = Files.walk(folder.resolve("store"))) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        all.append(new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1));
      }
    }
    return all.toString();
  }

  @Test
  void replacingASecretWithItselfEncryptsItWithTheNewKey() throws IOException {
    TestApi api = open("AAA");
    assertThat(api.create(SECRETS, "{metadata: {name: one}, stringData: {a: hunter2}}").status())
        .isEqualTo(201);
    String body = api.get(ONE).json().toString();
    String version = api.get(ONE).json().at("/metadata/resourceVersion").asText();
    assertThat(api.put(ONE, body).json().at("/metadata/resourceVersion").asText())
        .isEqualTo(version);
    api.store.close();
    assertThat(disk()).contains("k8s:enc:aesgcm:v1:AAA:").doesNotContain("aHVudGVyMg");

    TestApi rotated = open("BBB", "AAA");
    assertThat(rotated.get(ONE).json().at("/data/a").asText()).isEqualTo("aHVudGVyMg==");
    assertThat(rotated.put(ONE, body).json().at("/metadata/resourceVersion").asText())
        .isNotEqualTo(version);
    rotated.store.close();

    TestApi later = open("BBB");
    assertThat(later.get(ONE).json().at("/data/a").asText()).isEqualTo("aHVudGVyMg==");
    later.store.close();
  }

  @Test
  void aSecretWithoutItsKeyIsAnErrorInWordsAndNothingElseIsHarmed() throws IOException {
    TestApi api = open("AAA");
    api.create(SECRETS, "{metadata: {name: one}, stringData: {a: hunter2}}");
    api.store.close();
    TestApi without = open("BBB");
    TestApi.Answer answer = without.get(ONE);
    assertThat(answer.status()).isEqualTo(500);
    assertThat(answer.json().path("reason").asText()).isEqualTo("InternalError");
    assertThat(answer.json().path("message").asText())
        .contains("/registry/core/secrets/default/one is encrypted with k8s:enc:aesgcm:v1:AAA:");
    assertThat(without.get("/api/v1/namespaces/default/configmaps").status()).isEqualTo(200);
    assertThat(without.create(SECRETS, "{metadata: {name: two}}").status()).isEqualTo(201);
    without.store.close();
  }
}
