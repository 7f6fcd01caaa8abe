// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.node.configuration.EvictionPolicy;
import dev.havn.node.configuration.EvictionSignal;
import dev.havn.node.configuration.EvictionThreshold;
import dev.havn.node.credential.Credential;
import dev.havn.node.credential.DockerConfig;
import dev.havn.node.credential.Keyring;
import dev.havn.node.credential.NodeCredentials;
import dev.havn.node.image.Digests;
import dev.havn.node.image.ImageAccess;
import dev.havn.node.image.ImageException;
import dev.havn.node.image.ImageStore;
import dev.havn.node.image.Reference;
import dev.havn.node.image.TestImages;
import dev.havn.node.registry.RegistryHosts.Endpoint;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Registries that want what is not theirs, or do not end.
@Timeout(60)
class HostileRegistryTest {
  @TempDir private Path folder;
  private final ScheduledThreadPoolExecutor executor = new Hurried();
  private TestRegistry registry;
  private ImageStore store;
  private Registries registries;

  /// A minute is 0.6 seconds.
  private static final class Hurried extends ScheduledThreadPoolExecutor {
    Hurried() {
      super(8);
    }

    @Override
    public ScheduledFuture<?> schedule(Runnable task, long delay, TimeUnit unit) {
      return super.schedule(task, delay / 100, unit);
    }

    @Override
    public ScheduledFuture<?> scheduleWithFixedDelay(
        Runnable task, long first, long delay, TimeUnit unit) {
      return super.scheduleWithFixedDelay(task, first / 100, delay / 100, unit);
    }
  }

  @BeforeEach
  void open() throws IOException {
    registry = TestRegistry.open();
    store = new ImageStore(folder.resolve("images"));
    registries = registries(store);
  }

  private Registries registries(ImageStore images) {
    return new Registries(
        images,
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
    executor.shutdownNow();
  }

  private Reference name() {
    return Reference.parse(registry.host() + "/a:1");
  }

  private Keyring keyring() throws IOException {
    String auth = Base64.getEncoder().encodeToString(TestRegistry.bytes("user:secret"));
    return DockerConfig.read(
        TestRegistry.bytes(
            "{\"auths\":{\"%s\":{\"auth\":\"%s\"}}}".formatted(registry.host(), auth)),
        new Credential.Source("default", "pull", "u1"));
  }

  @Test
  void whomARedirectNamesGetsNoCredentialIfItAsks() throws IOException {
    registry.image("a:1", TestImages.layer("a", TestRegistry.bytes("1")));
    try (TestRegistry other = TestRegistry.open()) {
      other.asks = TestRegistry.Asks.TOKEN;
      registry.redirectsBlobs = true;
      registry.elsewhere = "http://" + other.host() + "/v2/a/blobs/";
      assertThatThrownBy(() -> registries.pull(name(), keyring()))
          .hasMessageContaining("401 Unauthorized");
      assertThat(other.requests()).isNotEmpty().noneMatch(each -> each.contains("/token"));
    }
  }

  /// On a disk of which nearly all is kept for others.
  private ImageStore full() {
    EvictionThreshold.Amount most = new EvictionThreshold.Percentage(80);
    EvictionThreshold threshold =
        new EvictionThreshold(
            EvictionSignal.IMAGE_DISK, most, false, Duration.ZERO, EvictionThreshold.Amount.NONE);
    return new ImageStore(
        folder.resolve("full"),
        new EvictionPolicy(List.of(threshold), Duration.ZERO, Duration.ZERO));
  }

  private RegistryClient client(Http http) {
    Endpoint here = new Endpoint(URI.create("http://" + registry.host()), "", Optional.empty());
    return new RegistryClient(
        http, here, "a", new Authorization(http, here, "a", Optional.empty()));
  }

  @Test
  void aBlobThatComesWhileOthersFillTheDiskIsNotFetchedToItsEnd() throws IOException {
    byte[] layer = TestImages.layer("a", new byte[8 << 20]);
    registry.image("a:1", layer);
    var blob = new Manifest.Descriptor("", Digests.ofBytes(layer), layer.length);
    Http http = new Http(executor, new Proxies(Map.of()));
    AtomicLong at = new AtomicLong();
    try (ImageStore.Arrival arrival = full().arrive()) {
      assertThatThrownBy(() -> client(http).blob(blob, folder.resolve("blob"), at, arrival.room()))
          .hasMessageContaining("failed to copy: no space left on device: blob " + blob.digest());
    }
    assertThat(at.get()).isLessThan(2 << 20);
    assertThat(registry.requests()).filteredOn(each -> each.contains(blob.digest())).hasSize(1);
    http.close();
  }

  @Test
  void anImageForWhichThereIsNoRoomIsNotFetched() throws IOException {
    byte[] layer = TestImages.layer("a", new byte[100_000]);
    registry.image("a:1", layer);
    try (Registries pulling = registries(full())) {
      assertThatThrownBy(() -> pulling.pull(name(), Keyring.EMPTY))
          .isInstanceOf(ImageException.class)
          .hasMessageContaining("no space left on device: the image needs " + layer.length);
    }
    assertThat(registry.requests()).noneMatch(each -> each.contains(Digests.ofBytes(layer)));
  }

  @Test
  void aManifestThatDoesNotEndIsGivenUp() throws IOException {
    registry.image("a:1", TestImages.layer("a", TestRegistry.bytes("1")));
    registry.drips = true;
    assertThatThrownBy(() -> registries.pull(name(), Keyring.EMPTY))
        .isInstanceOf(ImageException.class)
        .hasMessageContaining("breaks off: closed");
  }

  @Test
  void aBlobThatComesByTheByteIsGivenUp() throws IOException {
    byte[] layer = TestImages.layer("a", new byte[100_000]);
    registry.image("a:1", layer);
    Http http = new Http(executor, new Proxies(Map.of()));
    registry.drips = true;
    var blob = new Manifest.Descriptor("", Digests.ofBytes(layer), layer.length);
    try (ImageStore.Arrival arrival = store.arrive()) {
      assertThatThrownBy(
              () ->
                  client(http).blob(blob, folder.resolve("blob"), new AtomicLong(), arrival.room()))
          .hasMessageContaining("failed to copy: blob " + blob.digest());
    }
    http.close();
  }

  @Test
  void whatIsSignedIsNotShown() throws IOException {
    byte[] layer = TestImages.layer("a", TestRegistry.bytes("1"));
    registry.image("a:1", layer);
    registry.redirectsBlobs = true;
    registry.lose(Digests.ofBytes(layer));
    assertThatThrownBy(() -> registries.pull(name(), Keyring.EMPTY))
        .hasMessageContaining("/elsewhere/" + Digests.ofBytes(layer) + ": 404 Not Found")
        .satisfies(each -> assertThat(each.getMessage()).doesNotContain("a-secret"));
  }

  @Test
  void whatARegistrySaysIsShownInItsBeginning() {
    String type = "a".repeat(100_000);
    registry.manifest(
        "a:1",
        TestRegistry.bytes(
            "{\"schemaVersion\":2,\"config\":{},\"layers\":[{\"digest\":\"%s\"}]}"
                .formatted(type)));
    assertThatThrownBy(() -> registries.pull(name(), Keyring.EMPTY))
        .hasMessageContaining("unknown digest 'aaaa")
        .satisfies(each -> assertThat(each.getMessage()).hasSizeLessThan(2_000));
  }

  @ParameterizedTest
  @CsvSource({
    "https://registry.example.test, http://127.0.0.1:PORT/token",
    "https://registry.example.test, https://127.0.0.1:PORT/token",
    "http://registry.example.test, http://localhost:PORT/token",
    "http://registry.example.test, http://[::ffff:127.0.0.1]:PORT/token",
    "http://registry.example.test, http://0.0.0.0:PORT/token",
    "http://registry.example.test, http://169.254.169.254/token",
    "https://127.0.0.1:5000, http://127.0.0.1:PORT/token"
  })
  void aRegistrySendsNobodyToServicesOfTheMachine(String from, String realm) throws IOException {
    Http http = new Http(executor, new Proxies(Map.of()));
    Endpoint there = new Endpoint(URI.create(from), "", Optional.empty());
    Authorization asked = new Authorization(http, there, "a", Optional.empty());
    String port = registry.host().substring(registry.host().indexOf(':') + 1);
    List<Challenge> challenges =
        Challenge.all(List.of("Bearer realm=\"" + realm.replace("PORT", port) + "\""));
    assertThatThrownBy(() -> asked.answer("", challenges))
        .hasMessageContaining("are not asked for");
    assertThat(registry.requests()).isEmpty();
    http.close();
  }

  @Test
  void anImageThatIsNotOpenIsNotOpenByItsId() throws IOException {
    registry.image("a:1", TestImages.layer("a", TestRegistry.bytes("1")));
    registry.asks = TestRegistry.Asks.BASIC;
    registries.pull(name(), keyring());
    Reference byId = Reference.parse("sha256:" + store.id(name().full()).orElseThrow());
    assertThat(store.find(byId.full())).isPresent();
    assertThat(registries.isOpenTo(byId, Keyring.EMPTY)).isFalse();
  }
}
