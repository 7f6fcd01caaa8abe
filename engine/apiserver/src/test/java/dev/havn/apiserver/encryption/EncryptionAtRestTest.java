// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.encryption;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.store.Entry;
import dev.havn.store.LogStore;
import dev.havn.store.Sealing;
import dev.havn.store.StoreException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.Base64;
import java.util.HexFormat;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EncryptionAtRestTest {
  private static final String SECRET = "/registry/core/secrets/default/s";
  private static final byte[] VALUE = bytes("{\"data\":\"hunter2\"}");

  @TempDir private Path folder;
  private final ScheduledExecutorService executor = Executors.newScheduledThreadPool(1);

  @AfterEach
  void stop() {
    executor.shutdownNow();
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  static String key(int number) {
    byte[] key = new byte[32];
    key[0] = (byte) number;
    return Base64.getEncoder().encodeToString(key);
  }

  /// A configuration for Secrets with these providers.
  private static String secretsBy(String... providers) {
    return """
    apiVersion: apiserver.config.k8s.io/v1
    kind: EncryptionConfiguration
    resources:
    - resources: [secrets]
      providers: [%s]
    """
        .formatted(String.join(", ", providers));
  }

  private static String keyed(String kind, String name, int number) {
    return "{%s: {keys: [{name: %s, secret: %s}]}}".formatted(kind, name, key(number));
  }

  private EncryptionAtRest open(String yaml) throws IOException {
    Path file = Files.writeString(folder.resolve("encryption.yaml"), yaml);
    return EncryptionAtRest.open(file, InstantSource.system(), new SecureRandom(), executor);
  }

  @ParameterizedTest
  @ValueSource(strings = {"aesgcm", "aescbc", "secretbox"})
  void whatIsKeptBeginsAsInKubernetesAndHidesTheValue(String kind) throws IOException {
    Sealing sealing = open(secretsBy(keyed(kind, "key1", 1), "{identity: {}}"));
    Sealing.Sealed sealed = sealing.seal(SECRET, VALUE);
    String kept = new String(sealed.bytes(), StandardCharsets.ISO_8859_1);
    assertThat(kept).startsWith("k8s:enc:" + kind + ":v1:key1:").doesNotContain("hunter2");
    assertThat(sealing.open(SECRET, sealed.bytes()).value()).isEqualTo(VALUE);
    assertThat(sealing.seal(SECRET, VALUE).bytes()).isNotEqualTo(sealed.bytes());
    assertThat(sealing.open(SECRET, VALUE).value()).isEqualTo(VALUE);
    String other = "/registry/core/configmaps/default/s";
    assertThat(sealing.seal(other, VALUE).bytes()).isEqualTo(VALUE);
    assertThat(sealing.isCurrent(SECRET, sealed.by())).isTrue();
    assertThat(sealing.isCurrent(SECRET, "")).isFalse();
    assertThat(sealing.isCurrent(other, "")).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"aesgcm", "secretbox"})
  void whatSomebodyHasChangedIsNotTaken(String kind) throws IOException {
    Sealing sealing = open(secretsBy(keyed(kind, "key1", 1)));
    byte[] kept = sealing.seal(SECRET, VALUE).bytes();
    kept[kept.length - 1] ^= 1;
    assertThatThrownBy(() -> sealing.open(SECRET, kept))
        .isInstanceOf(StoreException.class)
        .hasMessageContaining(SECRET + " cannot be decrypted with k8s:enc:" + kind + ":v1:key1:");
  }

  @Test
  void whatBelongsToOneObjectIsNotTakenForAnother() throws IOException {
    Sealing sealing = open(secretsBy(keyed("aesgcm", "key1", 1)));
    byte[] kept = sealing.seal(SECRET, VALUE).bytes();
    assertThatThrownBy(() -> sealing.open(SECRET + "2", kept)).isInstanceOf(StoreException.class);
  }

  /// The example of Bernstein, *Cryptography in NaCl*, section 10.
  @Test
  void aSecretboxIsThatOfNaCl() throws GeneralSecurityException {
    HexFormat hex = HexFormat.of();
    byte[] key = hex.parseHex("1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389");
    byte[] boxed =
        hex.parseHex(
            "69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37"
                + "f3ffc7703f9400e52a7dfb4b3d3305d98e993b9f48681273c29650ba32fc76ce48332ea7164d96a4"
                + "476fb8c531a1186ac0dfc17c98dce87b4da7f011ec48c97271d2c20f9b928fe2270d6fb863d51738"
                + "b48eeee314a7cc8ab932164548e526ae90224368517acfeabd6bb3732bc0e9da99832b61ca01b6de"
                + "56244a9e88d5f9b37973f622a43d14a6599b1f654cb45a74e355a5");
    byte[] plain = new SecretBox("", key, new SecureRandom()).decrypt(boxed, new byte[0]).value();
    assertThat(hex.formatHex(plain))
        .startsWith("be075fc53c81f2d5cf141316ebeb0c7b5228c52a4c62cbd44b66849b64244ffc");
  }

  @Test
  void theDiskHoldsNoSecretAndKeysCanBeChanged() throws IOException {
    Sealing first = open(secretsBy(keyed("aesgcm", "key1", 1)));
    try (LogStore store = store(first)) {
      store.put(SECRET, VALUE, 0, null);
      assertThat(store.get(SECRET).value()).isEqualTo(VALUE);
    }
    assertThat(disk()).contains("k8s:enc:aesgcm:v1:key1:").doesNotContain("hunter2");
    Sealing second = open(secretsBy(keyed("secretbox", "new", 2), keyed("aesgcm", "key1", 1)));
    try (LogStore store = store(second)) {
      Entry old = store.get(SECRET);
      assertThat(old.value()).isEqualTo(VALUE);
      assertThat(store.isCurrent(old)).isFalse();
      store.put(SECRET, old.value(), old.revision(), null);
      assertThat(store.isCurrent(store.get(SECRET))).isTrue();
    }
    assertThat(disk()).contains("k8s:enc:secretbox:v1:new:").doesNotContain("hunter2");
    try (LogStore store = store(open(secretsBy(keyed("secretbox", "new", 2))))) {
      assertThat(store.get(SECRET).value()).isEqualTo(VALUE);
    }
  }

  @Test
  void whatNobodyHasTheKeyForIsThereButCannotBeRead() throws IOException {
    try (LogStore store = store(open(secretsBy(keyed("aesgcm", "key1", 1))))) {
      store.put(SECRET, VALUE, 0, null);
      store.put("/registry/core/configmaps/default/c", VALUE, 0, null);
    }
    try (LogStore store = store(EncryptionAtRest.unconfigured())) {
      assertThatThrownBy(() -> store.get(SECRET).value())
          .isInstanceOf(StoreException.class)
          .hasMessageContaining("which the encryption configuration does not name");
    }
    try (LogStore store = store(open(secretsBy(keyed("aesgcm", "key2", 2))))) {
      assertThat(store.get("/registry/core/configmaps/default/c").value()).isEqualTo(VALUE);
      assertThat(store.count("/registry/")).isEqualTo(2);
      assertThatThrownBy(() -> store.get(SECRET).value())
          .isInstanceOf(StoreException.class)
          .hasMessage(
              SECRET
                  + " is encrypted with k8s:enc:aesgcm:v1:key1:, which the encryption configuration does not name");
    }
    try (LogStore store = store(open(secretsBy(keyed("aesgcm", "key1", 1))))) {
      assertThat(store.get(SECRET).value()).isEqualTo(VALUE);
    }
  }

  private LogStore store(Sealing sealing) {
    return LogStore.open(folder.resolve("store"), sealing, InstantSource.system(), executor);
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
  void aChangedFileIsTakenAndAWrongOneIsNot() throws IOException {
    EncryptionAtRest sealing = open(secretsBy("{identity: {}}"));
    Path file = folder.resolve("encryption.yaml");
    Files.writeString(file, secretsBy(keyed("aesgcm", "key1", 1), "{identity: {}}"));
    sealing.reload();
    byte[] kept = sealing.seal(SECRET, VALUE).bytes();
    assertThat(kept).startsWith(bytes("k8s:enc:aesgcm:v1:key1:"));
    Files.writeString(file, "kind: Nonsense");
    sealing.reload();
    assertThat(sealing.open(SECRET, kept).value()).isEqualTo(VALUE);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "secrets | secrets | true",
        "secrets | configmaps | false",
        "'*.' | configmaps | true",
        "'*.' | deployments.apps | false",
        "'*.apps' | deployments.apps | true",
        "'*.*' | widgets.example.com | true",
        "deployments.apps | deployments.apps | true",
        "deployments | deployments.apps | false",
      })
  void aRuleIsForItsResources(String pattern, String resource, boolean matches) {
    String[] parts = (resource + ".").split("\\.", 2);
    assertThat(ResourcePattern.parse(pattern).matches(parts[1].replaceAll("\\.$", ""), parts[0]))
        .isEqualTo(matches);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "[]|it must be a mapping",
        "{kind: X, apiVersion: 'y'}|kind EncryptionConfiguration of apiserver.config.k8s.io/v1 is expected, not X of y",
        "{providers: [{identity: {}}]}|resources[0].resources must be a list with something in it",
        "{resources: [secrets], providers: [{rot13: {}}]}|resources[0].providers[0]: unknown provider 'rot13', there are identity,",
        "{resources: ['*'], providers: [{identity: {}}]}|resources[0].resources: '*' must be a resource such as",
        "{resources: [secrets], providers: [{aesgcm: {keys: [{name: a, secret: AAAA}]}}]}|resources[0].providers[0].aesgcm.keys[0].secret must have [16, 24, 32] bytes, not 3",
        "{resources: [secrets], providers: [{aesgcm: {keys: [{name: 'a:b', secret: AAAA}]}}]}|keys[0].name must be a word without colons, not a:b",
        "{resources: [secrets], providers: [{aesgcm: {key: []}}]}|unknown field 'resources[0].providers[0].aesgcm.key'",
        "{resources: [secrets], providers: [{kms: {apiVersion: v1, name: k, endpoint: 'unix:///s'}}]}|apiVersion must be v2",
        "{resources: [secrets], providers: [{kms: {apiVersion: v2, name: k, endpoint: 'tcp:s'}}]}|endpoint must be a socket such as",
      })
  void aWrongFileIsRefusedWithThePlace(String yaml, String message) {
    boolean whole = yaml.contains("kind:") && yaml.contains("X") || yaml.equals("[]");
    String text =
        whole
            ? yaml
            : "{apiVersion: apiserver.config.k8s.io/v1, kind: EncryptionConfiguration, resources: ["
                + yaml
                + "]}";
    assertThatThrownBy(() -> open(text))
        .isInstanceOf(StoreException.class)
        .hasMessageContaining(message);
  }
}
