// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.node.device.DeviceAllocator.Refusal;
import dev.havn.reconcile.VirtualTime;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class DeviceAllocatorTest {
  private static final String CARD = "example.com/card";

  @TempDir private Path folder;
  private final VirtualTime time = new VirtualTime(Instant.parse("2026-05-04T10:00:00Z"));
  private final ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
  private final Set<String> affected = ConcurrentHashMap.newKeySet();
  private final Set<String> active = new HashSet<>();
  private DevicePlugins plugins;

  @BeforeEach
  void begin() {
    plugins =
        new DevicePlugins(
            folder.resolve("devices.json"), time, executor, affected::addAll, () -> {});
  }

  @AfterEach
  void end() {
    plugins.close();
    executor.close();
  }

  private static Container container(String name, int cards) {
    return new ContainerBuilder()
        .withName(name)
        .withNewResources()
        .addToLimits(CARD, new Quantity("" + cards))
        .endResources()
        .build();
  }

  private Pod pod(String uid, List<Container> init, Container... main) {
    active.add(uid);
    return new PodBuilder()
        .withNewMetadata()
        .withName(uid)
        .withNamespace("default")
        .withUid(uid)
        .endMetadata()
        .withNewSpec()
        .withInitContainers(init)
        .withContainers(main)
        .endSpec()
        .build();
  }

  private Pod pod(String uid, int cards) {
    return pod(uid, List.of(), container("main", cards));
  }

  private Optional<Refusal> admit(Pod pod) {
    return plugins.allocator().admit(pod, () -> Optional.of(active), _ -> false);
  }

  private String refusal(Pod pod) {
    return admit(pod).map(each -> each.reason() + ": " + each.message()).orElse("");
  }

  private String given(Pod pod, Container container) throws PluginException {
    return plugins
        .allocator()
        .give(pod, container)
        .environment()
        .getOrDefault("DEVICES", "nothing");
  }

  private String given(Pod pod) throws PluginException {
    return given(pod, pod.getSpec().getContainers().getFirst());
  }

  @Test
  void noTwoPodsHaveTheSameDevice() throws Exception {
    new FakePlugin("a", "b", "c").connect(plugins, CARD);
    Pod first = pod("first", 2);
    Pod second = pod("second", 1);
    assertThat(admit(first)).isEmpty();
    assertThat(admit(second)).isEmpty();
    assertThat(given(first)).isEqualTo("a,b");
    assertThat(given(second)).isEqualTo("c");
    assertThat(refusal(pod("third", 1)))
        .isEqualTo(
            "UnexpectedAdmissionError: Allocate failed due to requested number of devices"
                + " unavailable for example.com/card. Requested: 1, Available: 0, which is"
                + " unexpected");
  }

  @Test
  void whoIsOverGivesItsDevicesBack() throws Exception {
    new FakePlugin("a").connect(plugins, CARD);
    assertThat(admit(pod("first", 1))).isEmpty();
    active.remove("first");
    Pod second = pod("second", 1);
    assertThat(admit(second)).isEmpty();
    assertThat(given(second)).isEqualTo("a");
  }

  @Test
  void aPodAsksItsPluginOnce() throws Exception {
    FakePlugin plugin = new FakePlugin("a", "b").connect(plugins, CARD);
    Pod pod = pod("pod", 1);
    assertThat(admit(pod)).isEmpty();
    assertThat(admit(pod)).isEmpty();
    assertThat(plugin.asked()).hasSize(1);
  }

  @Test
  void initContainersLeaveTheirDevicesToOthersAndSidecarsDoNot() throws Exception {
    new FakePlugin("a", "b", "c").connect(plugins, CARD);
    Container sidecar =
        new ContainerBuilder(container("sidecar", 1)).withRestartPolicy("Always").build();
    Container once = container("once", 1);
    Container main = container("main", 2);
    Pod pod = pod("pod", List.of(sidecar, once), main);
    assertThat(refusal(pod)).isEmpty();
    assertThat(given(pod, sidecar)).isEqualTo("a");
    assertThat(given(pod, once)).isEqualTo("b");
    assertThat(given(pod, main)).isEqualTo("b,c");
  }

  @Test
  void aPluginThatFailsGivesNothingAwayAndIsQuoted() throws Exception {
    FakePlugin plugin = new FakePlugin("a").connect(plugins, CARD);
    plugin.failing("rpc error: code = Unavailable desc = it broke");
    assertThat(refusal(pod("first", 1)))
        .isEqualTo(
            "UnexpectedAdmissionError: Allocate failed due to rpc error: code = Unavailable desc ="
                + " it broke, which is unexpected");
    plugin.failing(null);
    assertThat(refusal(pod("second", 1))).isEmpty();
  }

  @Test
  void unhealthyDevicesAreNotGivenOutAndTheirPodsHearOfIt() throws Exception {
    FakePlugin plugin = new FakePlugin("a", "b").connect(plugins, CARD);
    Pod pod = pod("pod", 1);
    assertThat(admit(pod)).isEmpty();
    plugin.offer(List.of(new OfferedDevice("a", false), new OfferedDevice("b", true)));
    assertThat(affected).containsExactly("pod");
    assertThat(plugins.allocator().health("pod", "main"))
        .isEqualTo(Map.of(CARD, Map.of("a", false)));
    assertThat(plugins.counts()).containsEntry(CARD, new DevicePlugins.Count(2, 1));
    plugin.offer(List.of(new OfferedDevice("a", false), new OfferedDevice("b", false)));
    assertThat(refusal(pod("other", 1)))
        .contains("no healthy devices present; cannot allocate unhealthy devices " + CARD);
  }

  @Test
  void aRestartKeepsWhoHasWhat() throws Exception {
    new FakePlugin("a", "b").connect(plugins, CARD);
    Pod pod = pod("pod", 1);
    assertThat(admit(pod)).isEmpty();
    plugins.close();
    begin();
    assertThat(plugins.counts()).containsEntry(CARD, new DevicePlugins.Count(0, 0));
    // Its container runs, so that no plugin is needed.
    assertThat(plugins.allocator().admit(pod, () -> Optional.of(active), _ -> true)).isEmpty();
    assertThat(given(pod)).isEqualTo("a");
    FakePlugin again = new FakePlugin("a", "b").connect(plugins, CARD);
    Pod other = pod("other", 1);
    assertThat(admit(other)).isEmpty();
    assertThat(given(other)).isEqualTo("b");
    assertThat(again.asked()).containsExactly(List.of("b"));
  }

  @Test
  void afterARestartOfTheMachineAPodWaitsForNoPlugin() throws Exception {
    new FakePlugin("a").connect(plugins, CARD);
    Pod pod = pod("pod", 1);
    assertThat(admit(pod)).isEmpty();
    plugins.close();
    begin();
    assertThat(refusal(pod))
        .startsWith("UnexpectedAdmissionError: Allocate failed due to no healthy devices present");
  }

  @Test
  void aTornRecordCountsForNothing() throws Exception {
    Files.writeString(folder.resolve("devices.json"), "{\"assignments\": [{\"po");
    begin();
    new FakePlugin("a").connect(plugins, CARD);
    assertThat(refusal(pod("pod", 1))).isEmpty();
    assertThat(folder.resolve("devices.json.unreadable")).exists();
  }

  @Test
  void whatAPluginOfferedIsNoMoreWhenItHasBeenGoneForLong() throws Exception {
    FakePlugin plugin = new FakePlugin("a").connect(plugins, CARD);
    plugins.disconnect(CARD, plugin);
    assertThat(plugins.counts()).containsEntry(CARD, new DevicePlugins.Count(1, 0));
    time.advance(Duration.ofMinutes(6));
    assertThat(plugins.counts()).containsEntry(CARD, new DevicePlugins.Count(0, 0));
    assertThat(refusal(pod("pod", 1)))
        .isEqualTo(
            "OutOfexample.com/card: Node didn't have enough resource: example.com/card, requested:"
                + " 1, used: 0, capacity: 0");
    plugins.close();
    begin();
    assertThat(plugins.counts()).containsEntry(CARD, new DevicePlugins.Count(0, 0));
  }

  @Test
  void whatNoPluginEverOfferedIsSomebodyElsesToCount() {
    assertThat(refusal(pod("pod", 1))).isEmpty();
  }

  @Test
  void theLatestOfTwoPluginsOfOneNameIsAsked() throws Exception {
    FakePlugin before = new FakePlugin("a").connect(plugins, CARD);
    FakePlugin after = new FakePlugin("b").connect(plugins, CARD);
    assertThat(before.isClosed()).isTrue();
    plugins.disconnect(CARD, before);
    Pod pod = pod("pod", 1);
    assertThat(refusal(pod)).isEmpty();
    assertThat(given(pod)).isEqualTo("b");
    assertThat(before.asked()).isEmpty();
    assertThat(after.asked()).hasSize(1);
  }

  @Test
  void whatAPluginPrefersIsTakenFirst() throws Exception {
    new FakePlugin(new DevicePlugin.Options(false, true), "a", "b", "c")
        .preferring("c", "b", "stranger")
        .connect(plugins, CARD);
    Pod pod = pod("pod", 2);
    assertThat(refusal(pod)).isEmpty();
    assertThat(Set.of(given(pod).split(","))).containsExactlyInAnyOrder("b", "c");
  }

  @Test
  void aPluginThatWantsToHearsOfEachStart() throws Exception {
    FakePlugin plugin =
        new FakePlugin(new DevicePlugin.Options(true, false), "a").connect(plugins, CARD);
    Pod pod = pod("pod", 1);
    assertThat(refusal(pod)).isEmpty();
    given(pod);
    given(pod);
    assertThat(plugin.started()).containsExactly(List.of("a"), List.of("a"));
    plugin.failing("rpc error: code = Unknown desc = no");
    assertThatThrownBy(() -> given(pod))
        .hasMessage(
            "device plugin PreStartContainer rpc failed with err: rpc error: code = Unknown desc ="
                + " no");
  }

  @Test
  void resourcesHaveNamesOfTheirKind() {
    assertThat(DevicePlugins.problem(CARD, List.of("v1beta1"))).isNull();
    assertThat(DevicePlugins.problem(CARD, List.of("v1alpha1")))
        .isEqualTo(
            "requested API version \"v1alpha1\" is not supported by kubelet. Supported version is"
                + " [\"v1beta1\"]");
    for (String bad : List.of("cpu", "kubernetes.io/card", "requests.example.com/card", "a/b/c")) {
      assertThat(DevicePlugins.problem(bad, List.of("v1beta1")))
          .isEqualTo("the ResourceName \"" + bad + "\" is invalid");
    }
  }

  @Test
  void aRecordIsReplacedAsAWhole() throws IOException {
    CheckpointFile<DeviceBook.Kept> file =
        new CheckpointFile<>(folder.resolve("deep/devices.json"), DeviceBook.Kept.class);
    assertThat(file.read()).isEmpty();
    DeviceBook.Kept kept = new DeviceBook.Kept(List.of(), Set.of(CARD), Set.of());
    file.write(kept);
    assertThat(file.read()).contains(kept);
    try (var files = Files.list(folder.resolve("deep"))) {
      assertThat(files).hasSize(1);
    }
  }
}
