// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.node.configuration.EvictionPolicy;
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
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class RegistriesTest {
  private static final byte[] LARGE = new byte[300_000];

  static {
    new Random(1).nextBytes(LARGE);
  }

  @TempDir private Path folder;
  private final RealTime executor = new RealTime();
  private TestRegistry registry;
  private ImageStore store;
  private Registries registries;

  @BeforeEach
  void open() throws IOException {
    registry = TestRegistry.open();
    store = new ImageStore(folder.resolve("images"));
    registries = with(RegistryHosts.NONE, Keyring.EMPTY);
  }

  private Registries with(RegistryHosts hosts, Keyring node) {
    return with(hosts, NodeCredentials.of(node));
  }

  private Registries with(RegistryHosts hosts, NodeCredentials node) {
    return new Registries(
        store,
        new ImageAccess(folder.resolve("access")),
        new Registries.Settings(
            hosts, new Proxies(Map.of()), node, InstantSource.system(), executor));
  }

  @AfterEach
  void close() {
    registries.close();
    registry.close();
    executor.shutdownNow();
  }

  private Reference name(String rest) {
    return Reference.parse(registry.host() + "/" + rest);
  }

  private static Keyring keyring(String place, String user, String uid) throws IOException {
    String auth = Base64.getEncoder().encodeToString(TestRegistry.bytes(user));
    String config = "{\"auths\":{\"%s\":{\"auth\":\"%s\"}}}".formatted(place, auth);
    Credential.Source source =
        uid.isEmpty() ? Credential.Source.NODE : new Credential.Source("default", "pull", uid);
    return DockerConfig.read(TestRegistry.bytes(config), source);
  }

  private static byte[] layer(String file, byte[] content) throws IOException {
    return TestImages.layer(file, content);
  }

  private Path root(String rest) {
    return store.find(name(rest).full()).orElseThrow().rootfs();
  }

  @Test
  void anImageIsFetchedOnceAndItsLayersToo() throws IOException {
    byte[] shared = layer("shared", LARGE);
    registry.image("a:1", shared, layer("a", TestRegistry.bytes("1")));
    registry.image("b:1", shared, layer("b", TestRegistry.bytes("2")));
    assertThat(registries.pull(name("a:1"), Keyring.EMPTY).bytes()).isGreaterThan(300_000);
    assertThat(root("a:1").resolve("shared")).hasBinaryContent(LARGE);
    registry.requests().clear();
    registries.pull(name("a:1"), Keyring.EMPTY);
    assertThat(registry.requests()).containsExactly("HEAD /v2/a/manifests/1");
    registries.pull(name("b:1"), Keyring.EMPTY);
    assertThat(registry.requests()).noneMatch(each -> each.contains(Digests.ofBytes(shared)));
    assertThat(Files.isSameFile(root("a:1").resolve("shared"), root("b:1").resolve("shared")))
        .isTrue();
    assertThat(store.find(name("a:1").full()).orElseThrow().id())
        .startsWith(registry.host() + "/a@sha256:");
  }

  @Test
  void aPullTellsHowFarItIsUntilItEnds() throws Exception {
    byte[] shared = layer("shared", LARGE);
    registry.image("a:1", shared);
    registries.pull(name("a:1"), Keyring.EMPTY);
    assertThat(registries.underWay()).isEmpty();
    byte[] one = layer("one", LARGE);
    byte[] two = layer("two", LARGE);
    registry.image("b:1", shared, one, two);
    registry.secondHalfOfLayers = new CountDownLatch(1);
    Future<?> pull = executor.submit(() -> registries.pull(name("b:1"), Keyring.EMPTY));
    long all = (long) one.length + two.length;
    long least = all / 2;
    await(() -> registries.underWay().stream().anyMatch(each -> each.bytesDone() > least), pull);
    PullProgress.State state = registries.underWay().getFirst();
    assertThat(state.image()).isEqualTo(name("b:1").full());
    // The configuration has come, the shared layer is here already.
    assertThat(state.bytes()).isBetween(all + 1, all + 2_000);
    assertThat(state.bytesDone()).isBetween(least + 1, least + 2_000);
    assertThat(state.bytesPerSecond()).isPositive();
    registry.secondHalfOfLayers.countDown();
    pull.get();
    assertThat(registries.underWay()).isEmpty();
  }

  private static void await(BooleanSupplier condition, Future<?> work) throws Exception {
    while (!condition.getAsBoolean()) {
      assertThat(work.isDone()).as("the pull ended before").isFalse();
      LockSupport.parkNanos(5_000_000);
    }
  }

  @Test
  void aTagThatMovedIsFetchedAnew() throws IOException {
    registry.image("a:1", layer("a", TestRegistry.bytes("old")));
    registries.pull(name("a:1"), Keyring.EMPTY);
    registry.image("a:1", layer("a", TestRegistry.bytes("new")));
    registries.pull(name("a:1"), Keyring.EMPTY);
    assertThat(root("a:1").resolve("a")).hasContent("new");
  }

  @Test
  void compressedLayersAreUnpackedAndADigestIsEnough() throws IOException {
    byte[] one = layer("gzip", TestRegistry.bytes("1"));
    byte[] two = layer("zstd", TestRegistry.bytes("2"));
    String digest =
        registry.image(
            "a:1",
            Platform.architecture(),
            List.of(TestImages.gzip(one), TestImages.zstd(two)),
            List.of(one, two));
    registries.pull(name("a@" + digest), Keyring.EMPTY);
    assertThat(root("a@" + digest).resolve("gzip")).hasContent("1");
    assertThat(root("a:7@" + digest).resolve("zstd")).hasContent("2");
  }

  @Test
  void ofAnIndexTheImageForThisMachineIsTaken() throws IOException {
    byte[] layer = layer("which", TestRegistry.bytes("mine"));
    String mine = registry.image("a:mine", layer);
    String entry =
        "{\"digest\":\"%s\",\"size\":1,\"platform\":{\"os\":\"%s\",\"architecture\":\"%s\",\"variant\":\"%s\"}}";
    String machine = Platform.architecture();
    String index =
        "{\"manifests\":[%s,%s,%s]}"
            .formatted(
                entry.formatted("sha256:" + "0".repeat(64), "linux", "s390x", ""),
                entry.formatted("sha256:" + "1".repeat(64), "linux", machine, "v99"),
                entry.formatted(mine, "linux", machine, ""));
    registry.manifest("a:1", TestRegistry.bytes(index));
    registries.pull(name("a:1"), Keyring.EMPTY);
    assertThat(root("a:1").resolve("which")).hasContent("mine");
    registry.manifest(
        "a:2",
        TestRegistry.bytes(
            "{\"manifests\":[%s]}"
                .formatted(entry.formatted("sha256:" + "0".repeat(64), "linux", "s390x", ""))));
    assertThatThrownBy(() -> registries.pull(name("a:2"), Keyring.EMPTY))
        .hasMessageContaining("no match for platform in manifest")
        // A controller reads these words: ImageArchitectures.
        .hasMessageContaining(
            ": not found (linux/%s is wanted, there are [linux/s390x])".formatted(machine));
  }

  @Test
  void aStoreOfAnotherArchitectureGetsItsOwnImageByTheSameName() throws IOException {
    String machine = Platform.architecture();
    String other = machine.equals("arm64") ? "amd64" : "arm64";
    byte[] layer = layer("which", TestRegistry.bytes(other));
    String theirs = registry.image("a:theirs", other, List.of(layer), List.of(layer));
    String mine = registry.image("a:mine", layer("which", TestRegistry.bytes("mine")));
    String entry =
        "{\"digest\":\"%s\",\"size\":1,\"platform\":{\"os\":\"linux\",\"architecture\":\"%s\"}}";
    String own = entry.formatted(mine, machine);
    registry.manifest(
        "a:1",
        TestRegistry.bytes(
            "{\"manifests\":[%s,%s]}".formatted(own, entry.formatted(theirs, other))));
    registry.manifest("a:2", TestRegistry.bytes("{\"manifests\":[%s]}".formatted(own)));
    registries.close();
    store = new ImageStore(folder.resolve("others"), EvictionPolicy.STANDARD, other);
    registries = with(RegistryHosts.NONE, Keyring.EMPTY);
    registries.pull(name("a:1"), Keyring.EMPTY);
    assertThat(root("a:1").resolve("which")).hasContent(other);
    assertThatThrownBy(() -> registries.pull(name("a:2"), Keyring.EMPTY))
        .hasMessageContaining(
            ": not found (linux/%s is wanted, there are [linux/%s])".formatted(other, machine));
    assertThatThrownBy(() -> registries.pull(name("a:mine"), Keyring.EMPTY))
        .hasMessageContaining(
            "(linux/%s is wanted, this is for linux/%s)".formatted(other, machine));
  }

  @Test
  void anImageOfAnotherArchitectureIsRefused() throws IOException {
    byte[] layer = layer("which", TestRegistry.bytes("not mine"));
    registry.image("a:1", "mips64le", List.of(layer), List.of(layer));
    assertThatThrownBy(() -> registries.pull(name("a:1"), Keyring.EMPTY))
        // A controller reads these words: ImageArchitectures.
        .hasMessageContaining(
            "no match for platform in manifest: not found (linux/%s is wanted, this is for linux/mips64le)"
                .formatted(Platform.architecture()));
  }

  @Test
  void anImageThatIsNotThereIsSaidToBeInTheWordsOfContainerd() {
    String full = registry.host() + "/none:1";
    assertThatThrownBy(() -> registries.pull(name("none:1"), Keyring.EMPTY))
        .isInstanceOf(ImageException.class)
        .hasMessage(
            "failed to pull and unpack image \"%s\": failed to resolve reference \"%s\": %s: not found"
                .formatted(full, full, full));
  }

  @Test
  void aRegistryThatCannotBeReachedIsSaidToBe() {
    assertThatThrownBy(() -> registries.pull(Reference.parse("127.0.0.1:1/none:1"), Keyring.EMPTY))
        .hasMessageEndingWith(
            "failed to do request: HEAD http://127.0.0.1:1/v2/none/manifests/1: connect:"
                + " connection refused");
  }

  @Test
  void aBrokenConnectionIsTakenUpWhereItBroke() throws IOException {
    registry.image("a:1", layer("large", LARGE));
    registry.breaksAfter = 70_000;
    registries.pull(name("a:1"), Keyring.EMPTY);
    assertThat(root("a:1").resolve("large")).hasBinaryContent(LARGE);
  }

  @Test
  void aRegistryThatIsBusyIsAskedAgain() throws IOException {
    registry.image("a:1", layer("a", TestRegistry.bytes("1")));
    registry.fail(2);
    registries.pull(name("a:1"), Keyring.EMPTY);
    assertThat(root("a:1").resolve("a")).hasContent("1");
    registry.fail(100);
    assertThatThrownBy(() -> registries.pull(name("a:1"), Keyring.EMPTY))
        .hasMessageContaining("503 Service Unavailable");
  }

  @Test
  void contentThatIsNotWhatItsDigestSaysIsRefusedAndLeavesNothing() throws IOException {
    byte[] layer = layer("a", TestRegistry.bytes("1"));
    registry.image("a:1", layer);
    registry.spoil(Digests.ofBytes(layer));
    assertThatThrownBy(() -> registries.pull(name("a:1"), Keyring.EMPTY))
        .hasMessageContaining("blob " + Digests.ofBytes(layer) + " has another content");
    byte[] other = layer("b", TestRegistry.bytes("2"));
    registry.image("b:1", Platform.architecture(), List.of(other), List.of(layer));
    assertThatThrownBy(() -> registries.pull(name("b:1"), Keyring.EMPTY))
        .hasMessageContaining(
            "failed to extract layer %s: layer %s has another content"
                .formatted(Digests.ofBytes(layer), Digests.ofBytes(layer)));
    registry.lies = true;
    assertThatThrownBy(() -> registries.pull(name("a:1"), Keyring.EMPTY))
        .hasMessageContaining("has another content");
    assertThat(store.list()).isEmpty();
    try (Stream<Path> all = Files.walk(folder.resolve("images"))) {
      assertThat(all.filter(Files::isRegularFile)).isEmpty();
    }
  }

  @Test
  void theFirstCredentialThatIsTakenCounts() throws IOException {
    registry.image("a:1", layer("a", TestRegistry.bytes("1")));
    for (TestRegistry.Asks each : List.of(TestRegistry.Asks.BASIC, TestRegistry.Asks.TOKEN)) {
      registry.asks = each;
      assertThatThrownBy(() -> registries.pull(name("a:1"), Keyring.EMPTY))
          .isInstanceOf(ImageException.class)
          .hasMessageContaining("401 Unauthorized");
      Keyring both =
          keyring(registry.host() + "/a", "user:wrong", "u1")
              .and(keyring(registry.host(), "user:secret", "u2"));
      registries.pull(name("a:1"), both);
      assertThat(root("a:1").resolve("a")).hasContent("1");
      store.remove(name("a:1").full());
    }
  }

  @Test
  void aRefusedCredentialIsNeverShownInWhatIsSaid() throws IOException {
    registry.asks = TestRegistry.Asks.TOKEN;
    Keyring wrong = keyring(registry.host(), "user:not-this-one", "u1");
    assertThatThrownBy(() -> registries.pull(name("a:1"), wrong))
        .hasMessageContaining("failed to authorize: failed to fetch oauth token")
        .satisfies(
            each ->
                assertThat(each.getMessage())
                    .doesNotContain("not-this-one")
                    .doesNotContain(
                        Base64.getEncoder()
                            .encodeToString(TestRegistry.bytes("user:not-this-one"))));
  }

  @Test
  void anIdentityTokenBecomesAToken() throws IOException {
    registry.image("a:1", layer("a", TestRegistry.bytes("1")));
    registry.asks = TestRegistry.Asks.TOKEN;
    Keyring keyring =
        DockerConfig.read(
            TestRegistry.bytes(
                "{\"auths\":{\"%s\":{\"identitytoken\":\"an-identity\"}}}"
                    .formatted(registry.host())),
            Credential.Source.NODE);
    with(RegistryHosts.NONE, keyring).pull(name("a:1"), Keyring.EMPTY);
    assertThat(registry.requests()).contains("POST /token");
  }

  /// For all pods of the node, as what stands in its file.
  @Test
  void whatAProgramOfTheNodeGivesIsTriedAfterThePodsOwn() throws IOException {
    registry.image("a:1", layer("a", TestRegistry.bytes("1")));
    registry.asks = TestRegistry.Asks.BASIC;
    List<String> asked = new ArrayList<>();
    NodeCredentials node =
        new NodeCredentials(
            Keyring.EMPTY,
            List.of(
                name -> {
                  asked.add(name);
                  return List.of(new Credential("user", "secret", "", Credential.Source.NODE));
                }),
            List.of());
    Registries registries = with(RegistryHosts.NONE, node);
    registries.pull(name("a:1"), keyring(registry.host(), "user:wrong", "u1"));
    assertThat(asked).containsExactly(registry.host() + "/a");
    assertThat(registries.isOpenTo(name("a:1"), Keyring.EMPTY)).isTrue();
    assertThat(asked).hasSize(1);
  }

  @Test
  void theStoreOfBlobsIsShownNoCredential() throws IOException {
    registry.image("a:1", layer("a", TestRegistry.bytes("1")));
    registry.asks = TestRegistry.Asks.BASIC;
    registry.redirectsBlobs = true;
    registries.pull(name("a:1"), keyring(registry.host(), "user:secret", "u1"));
    assertThat(root("a:1").resolve("a")).hasContent("1");
  }

  @Test
  void aMirrorIsAskedFirstAndSeesNoCredentialOfTheHost() throws IOException {
    registry.image("web:1", layer("a", TestRegistry.bytes("1")));
    RegistryHosts.Rule rule =
        new RegistryHosts.Rule(
            "registry.example.test",
            List.of(URI.create("http://127.0.0.1:1"), URI.create("http://" + registry.host())),
            false,
            null);
    Registries mirrored = with(new RegistryHosts(List.of(rule)), Keyring.EMPTY);
    Keyring keyring = keyring("registry.example.test", "user:secret", "u1");
    mirrored.pull(Reference.parse("registry.example.test/web:1"), keyring);
    assertThat(store.find("registry.example.test/web:1")).isPresent();
    assertThat(registry.requests()).contains("HEAD /v2/web/manifests/1?ns=registry.example.test");
    registry.asks = TestRegistry.Asks.BASIC;
    assertThatThrownBy(() -> mirrored.pull(Reference.parse("registry.example.test/web:1"), keyring))
        .hasMessageContaining("401 Unauthorized");
    Keyring node = keyring(registry.host(), "user:secret", "");
    with(new RegistryHosts(List.of(rule)), node)
        .pull(Reference.parse("registry.example.test/web:1"), keyring);
  }

  @Test
  void whoPulledAnImageMayUseItAndNobodyElseUnasked() throws IOException {
    registry.image("a:1", layer("a", TestRegistry.bytes("1")));
    assertThat(registries.isOpenTo(name("a:1"), Keyring.EMPTY)).as("not here").isFalse();
    registry.asks = TestRegistry.Asks.BASIC;
    registries.pull(name("a:1"), keyring(registry.host(), "user:secret", "u1"));
    assertThat(registries.isOpenTo(name("a:1"), Keyring.EMPTY)).isFalse();
    assertThat(registries.isOpenTo(name("a:1"), keyring(registry.host(), "user:secret", "u2")))
        .as("the same content in another Secret")
        .isTrue();
    assertThat(registries.isOpenTo(name("a:1"), keyring(registry.host(), "user:changed", "u1")))
        .as("the same Secret with another content")
        .isTrue();
    assertThat(registries.isOpenTo(name("a:1"), keyring(registry.host(), "user:other", "u3")))
        .isFalse();
    registry.asks = TestRegistry.Asks.NOTHING;
    registries.pull(name("a:1"), Keyring.EMPTY);
    assertThat(registries.isOpenTo(name("a:1"), Keyring.EMPTY)).isTrue();
  }
}
