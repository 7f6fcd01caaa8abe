// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.node.credential.Credential;
import dev.havn.node.credential.DockerConfig;
import dev.havn.node.credential.Keyring;
import dev.havn.node.credential.NodeCredentials;
import dev.havn.node.image.Digests;
import dev.havn.node.image.ImageAccess;
import dev.havn.node.image.ImageException;
import dev.havn.node.image.ImageStore;
import dev.havn.node.image.Platform;
import dev.havn.node.image.Reference;
import dev.havn.node.image.TestImages;
import dev.havn.reconcile.RealTime;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Who gets a layer that is here because somebody else has pulled it.
@Timeout(60)
class SharedLayersTest {
  private static final String KEY = "the key of all doors";

  @TempDir private Path folder;
  private final RealTime executor = new RealTime();
  private TestRegistry registry;
  private TestRegistry another;
  private ImageStore store;
  private Registries registries;
  private byte[] secret = {};

  /// The image `private:1` is here, whose layer nobody gets without a credential.
  @BeforeEach
  void pullAPrivateImage() throws IOException {
    registry = TestRegistry.open();
    another = TestRegistry.open();
    registries = registries();
    secret = TestImages.layer("key", TestRegistry.bytes(KEY));
    registry.asks = TestRegistry.Asks.BASIC;
    registry.image("private:1", secret);
    pull("private:1", keyring("u1"));
    registry.requests().clear();
  }

  private Registries registries() {
    store = new ImageStore(folder.resolve("images"));
    return new Registries(
        store,
        new ImageAccess(folder.resolve("access")),
        new Registries.Settings(
            RegistryHosts.NONE,
            new Proxies(Map.of()),
            NodeCredentials.NONE,
            InstantSource.system(),
            executor));
  }

  @AfterEach
  void close() {
    registries.close();
    registry.close();
    another.close();
    executor.shutdownNow();
  }

  private void restart() {
    registries.close();
    registries = registries();
  }

  private void pull(String rest, Keyring keyring) {
    registries.pull(Reference.parse(registry.host() + "/" + rest), keyring);
  }

  private Keyring keyring(String uid) throws IOException {
    String auth = Base64.getEncoder().encodeToString(TestRegistry.bytes("user:secret"));
    String config = "{\"auths\":{\"%s\":{\"auth\":\"%s\"}}}".formatted(registry.host(), auth);
    return DockerConfig.read(
        TestRegistry.bytes(config), new Credential.Source("default", "pull", uid));
  }

  private List<String> requestsForTheSecret() {
    return registry.requests().stream()
        .filter(each -> each.contains(Digests.ofBytes(secret)))
        .toList();
  }

  private Path root(String name) {
    return store.find(name).orElseThrow().rootfs();
  }

  @Test
  void aLayerIsNotGivenToWhoOnlyNamesItsContent() throws IOException {
    byte[] other = TestImages.layer("other", TestRegistry.bytes("1"));
    another.image("mine:1", Platform.architecture(), List.of(other), List.of(secret));
    String mine = another.host() + "/mine:1";

    assertThatThrownBy(() -> registries.pull(Reference.parse(mine), Keyring.EMPTY))
        .isInstanceOf(ImageException.class)
        .hasMessageContaining("layer " + Digests.ofBytes(secret) + " has another content");

    assertThat(store.find(mine)).isEmpty();
  }

  @Test
  void aLayerIsNotGivenToWhoNamesItsBlobWhereHisRepositoryHasNone() throws IOException {
    registry.image("mine:1", secret);
    registry.keepIn("private", Digests.ofBytes(secret));

    assertThatThrownBy(() -> pull("mine:1", keyring("u2")))
        .isInstanceOf(ImageException.class)
        .hasMessageContaining("404");

    assertThat(store.find(registry.host() + "/mine:1")).isEmpty();
  }

  @Test
  void aRegistryIsNotBelievedToHaveWhatAnotherOneGave() throws IOException {
    another.image("mine:1", secret);
    another.spoil(Digests.ofBytes(secret));
    String mine = another.host() + "/mine:1";

    assertThatThrownBy(() -> registries.pull(Reference.parse(mine), Keyring.EMPTY))
        .isInstanceOf(ImageException.class)
        .hasMessageContaining("blob " + Digests.ofBytes(secret) + " has another content");

    assertThat(store.find(mine)).isEmpty();
  }

  @Test
  void whoCouldFetchALayerFromTheSameRegistryNeedNot() throws IOException {
    registry.image("mine:1", secret, TestImages.layer("more", TestRegistry.bytes("1")));
    restart();

    pull("mine:1", keyring("u2"));

    assertThat(root(registry.host() + "/mine:1").resolve("key")).hasContent(KEY);
    assertThat(requestsForTheSecret())
        .isNotEmpty()
        .allMatch(("HEAD /v2/mine/blobs/" + Digests.ofBytes(secret))::equals);
  }

  @Test
  void aLayerOfWhichNothingIsKnownIsFetchedOnceMoreAndKeptOnce() throws IOException {
    try (Stream<Path> all = Files.walk(folder.resolve("images/layers"))) {
      for (Path each : all.filter(file -> file.endsWith("sources")).toList()) {
        Files.delete(each);
      }
    }
    registry.image("mine:1", secret, TestImages.layer("more", TestRegistry.bytes("1")));
    registry.image("mine:2", secret, TestImages.layer("more", TestRegistry.bytes("2")));
    restart();

    pull("mine:1", keyring("u2"));
    assertThat(requestsForTheSecret()).contains("GET /v2/mine/blobs/" + Digests.ofBytes(secret));
    registry.requests().clear();
    pull("mine:2", keyring("u2"));

    assertThat(requestsForTheSecret()).isNotEmpty().allMatch(each -> each.startsWith("HEAD "));
    assertThat(
            Files.isSameFile(
                root(registry.host() + "/private:1").resolve("key"),
                root(registry.host() + "/mine:2").resolve("key")))
        .isTrue();
  }

  @Test
  void aLayerThatAllMayHaveIsNotAskedForWhereverItCameFrom() throws IOException {
    another.image("open:1", secret, TestImages.layer("more", TestRegistry.bytes("1")));
    registries.pull(Reference.parse(another.host() + "/open:1"), Keyring.EMPTY);
    byte[] loaded = TestImages.layer("loaded", TestRegistry.bytes("1"));
    var names =
        store.load(
            TestImages.dockerArchive(folder.resolve("a.tar"), "example.test/a:1", "{}", loaded));
    assertThat(names).containsExactly("example.test/a:1");
    registry.image("mine:1", secret, loaded);

    pull("mine:1", keyring("u2"));

    assertThat(requestsForTheSecret()).isEmpty();
    assertThat(registry.requests()).noneMatch(each -> each.contains(Digests.ofBytes(loaded)));
  }

  @Test
  void aLayerIsAsSecretAsBeforeWhenTheImageThatWasForAllIsGone() throws IOException {
    another.image("open:1", secret, TestImages.layer("more", TestRegistry.bytes("1")));
    registries.pull(Reference.parse(another.host() + "/open:1"), Keyring.EMPTY);
    assertThat(store.remove(another.host() + "/open:1")).isTrue();
    byte[] other = TestImages.layer("other", TestRegistry.bytes("1"));
    another.image("mine:1", Platform.architecture(), List.of(other), List.of(secret));
    Reference mine = Reference.parse(another.host() + "/mine:1");

    assertThatThrownBy(() -> registries.pull(mine, Keyring.EMPTY))
        .hasMessageContaining("has another content");
  }
}
