// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.csi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.node.csi.CsiVolumes.State;
import dev.havn.node.kernel.Mounts;
import dev.havn.node.plugin.KubeletFolder;
import dev.havn.node.plugin.Plugins;
import dev.havn.node.plugin.TestPlugin;
import dev.havn.node.pod.GoldenPods;
import dev.havn.node.protocol.csi.NodeExpandVolumeRequest;
import dev.havn.node.protocol.csi.NodeGetVolumeStatsRequest;
import dev.havn.node.protocol.csi.NodePublishVolumeRequest;
import dev.havn.node.protocol.csi.NodeServiceCapability.RPC.Type;
import dev.havn.node.protocol.csi.NodeStageVolumeRequest;
import dev.havn.node.protocol.csi.NodeUnpublishVolumeRequest;
import dev.havn.node.protocol.csi.NodeUnstageVolumeRequest;
import dev.havn.node.protocol.csi.VolumeCapability.AccessMode.Mode;
import dev.havn.node.protocol.registration.PluginInfo;
import dev.havn.node.rpc.UnixSockets;
import dev.havn.node.runtime.ContainerRuntime.StartException;
import io.fabric8.kubernetes.api.model.Pod;
import io.grpc.Status;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A node's conversation with a driver, each step at once (the node's executor does what it is
/// given).
///
/// Longer than the rule because the scenes of that conversation need the same stage.
class CsiVolumesTest {
  private static final String DRIVER = "/apis/storage.k8s.io/v1/csidrivers/" + TestDriver.NAME;
  private static final String NODE = "/api/v1/nodes/rock";
  private static final String CLAIM = "/api/v1/namespaces/shop/persistentvolumeclaims/data";

  @TempDir private Path data;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final UnixSockets sockets = new UnixSockets(threads);
  private final TableCsiApi api =
      new TableCsiApi().with(NODE, "{metadata: {name: rock, uid: n1, labels: {}}}");
  private final List<String> events = new ArrayList<>();
  private Instant now = Instant.parse("2026-01-01T00:00:00Z");
  private KubeletFolder folder;
  private CsiVolumes volumes;
  private Plugins plugins;
  private TestDriver driver;
  private TestPlugin plugin;

  @BeforeEach
  void begin() throws IOException {
    folder = KubeletFolder.beside(data.resolve("pods"));
    driver = new TestDriver(sockets, folder.plugins().resolve("disks/csi.sock"));
    restart();
    register();
  }

  @AfterEach
  void end() throws IOException {
    plugin.close();
    driver.close();
    sockets.close();
    threads.shutdownNow();
    Mounts.detachBelow(data);
  }

  /// What is in memory is forgotten.
  private void restart() {
    volumes =
        new CsiVolumes(
            new CsiVolumes.Settings(
                "rock",
                folder,
                api,
                (about, type, reason, message) ->
                    events.add(about.getKind() + " " + type + " " + reason + " " + message),
                sockets,
                (pod, audience, seconds) ->
                    new PodTokens.Token("token for " + audience, "2026-01-01T00:00:00Z"),
                Duration.ofSeconds(2),
                pod -> {},
                () -> now,
                Runnable::run));
    plugins =
        new Plugins(
            folder, sockets, List.of(volumes.handler()), () -> Instant.EPOCH, Runnable::run);
  }

  private void register() throws IOException {
    plugin =
        new TestPlugin(
            sockets,
            folder.registry().resolve("disks-reg.sock"),
            PluginInfo.newBuilder()
                .setType("CSIPlugin")
                .setName(TestDriver.NAME)
                .setEndpoint(folder.plugins().resolve("disks/csi.sock").toString())
                .addSupportedVersions("1.0.0")
                .build());
    plugins.look();
  }

  private void withoutAttach(String more) {
    api.with(DRIVER, "{spec: {attachRequired: false, " + more + "}}");
  }

  private static Pod pod(String name) {
    return GoldenPods.pod(
        "{metadata: {name: %s, namespace: shop, uid: u-%s}, spec: {serviceAccountName: seller}}"
            .formatted(name, name));
  }

  private static CsiVolume disk(String more) {
    return CsiVolume.of(
        "pv1",
        GoldenPods.tree(
            """
            accessModes: [ReadWriteOnce]
            mountOptions: [noatime]
            claimRef: {namespace: shop, name: data}
            csi:
              driver: disks.example
              volumeHandle: disk-1
              fsType: ext4
              volumeAttributes: {pool: fast}
            %s
            """
                .formatted(more)),
        false);
  }

  private static CsiVolume inline(Pod pod) {
    return CsiVolume.of(
        pod,
        GoldenPods.read(
            "{name: cache, csi: {driver: disks.example, volumeAttributes: {size: '1'}}}",
            io.fabric8.kubernetes.api.model.Volume.class));
  }

  private List<String> inUse() {
    List<String> names = new ArrayList<>();
    api.get(NODE).path("status").path("volumesInUse").forEach(each -> names.add(each.asText()));
    return names;
  }

  private void later() {
    now = now.plus(Duration.ofSeconds(30));
  }

  private State.There there(Pod pod, CsiVolume volume) {
    State state = volumes.want(pod, volume);
    assertThat(state).isInstanceOf(State.There.class);
    return (State.There) state;
  }

  private void gone(Pod pod) {
    String uid = pod.getMetadata().getUid();
    if (!volumes.remove(uid, pod)) {
      assertThat(volumes.remove(uid, pod)).isTrue();
    }
  }

  @Test
  void whatADriverSaysOfTheNodeIsShownUntilItGoes() {
    JsonNode shown = api.get("/apis/storage.k8s.io/v1/csinodes/rock");
    assertThat(shown.path("spec").path("drivers").toString())
        .isEqualTo(
            "[{\"name\":\"disks.example\",\"nodeID\":\"rock-1\",\"topologyKeys\":[\"disks.example/zone\"],\"allocatable\":{\"count\":7}}]");
    assertThat(shown.path("metadata").path("ownerReferences").get(0).path("uid").asText())
        .isEqualTo("n1");
    JsonNode metadata = api.get(NODE).path("metadata");
    assertThat(metadata.path("annotations").path("csi.volume.kubernetes.io/nodeid").asText())
        .isEqualTo("{\"disks.example\":\"rock-1\"}");
    assertThat(metadata.path("labels").path("disks.example/zone").asText()).isEqualTo("a");
    plugin.close();
    plugins.look();
    assertThat(api.get("/apis/storage.k8s.io/v1/csinodes/rock").path("spec").path("drivers"))
        .isEmpty();
    assertThat(api.get(NODE).path("metadata").path("annotations")).isEmpty();
  }

  @Test
  void aDriverThatContradictsALabelIsTold() throws IOException {
    plugin.close();
    plugins.look();
    api.with(NODE, "{metadata: {name: rock, uid: n1, labels: {disks.example/zone: b}}}");
    register();
    assertThat(plugin.told().getFirst().getError())
        .endsWith(
            "detected topology value collision: driver reported \"disks.example/zone\":\"a\" but existing label is \"disks.example/zone\":\"b\"");
    assertThat(plugins.list()).isEmpty();
  }

  @Test
  void aVolumeIsStagedAndPublishedOnceItIsAttached() {
    CsiVolume volume =
        disk(
            """
              nodeStageSecretRef: {namespace: vault, name: s}
              nodePublishSecretRef: {namespace: vault, name: s}
            """);
    api.with("/api/v1/namespaces/vault/secrets/s", "{data: {key: aHVudGVyMg==}}");
    Pod pod = pod("web");
    assertThat(volumes.want(pod, volume)).isEqualTo(new State.Pending());
    assertThat(inUse()).containsExactly("kubernetes.io/csi/disks.example^disk-1");
    assertThat(driver.calls()).isEmpty();
    String attachment =
        "/apis/storage.k8s.io/v1/volumeattachments/csi-"
            + CsiVolume.digest("disk-1disks.examplerock");
    api.with(attachment, "{status: {attached: false}}");
    assertThat(volumes.want(pod, volume)).isEqualTo(new State.Pending());
    api.with(attachment, "{status: {attached: true, attachmentMetadata: {lun: '3'}}}");

    State.There there = there(pod, volume);

    Path target = folder.pods().resolve("u-web/volumes/kubernetes.io~csi/pv1/mount");
    assertThat(there).isEqualTo(new State.There(target, true, true));
    assertThat(there(pod, volume).isNew()).isFalse();
    assertThat(target.resolve("data")).hasContent("disk-1");
    NodeStageVolumeRequest staged = driver.asked(NodeStageVolumeRequest.class).getFirst();
    assertThat(staged.getPublishContextMap()).isEqualTo(Map.of("lun", "3"));
    assertThat(staged.getSecretsMap()).isEqualTo(Map.of("key", "hunter2"));
    assertThat(staged.getVolumeContextMap()).isEqualTo(Map.of("pool", "fast"));
    assertThat(staged.getStagingTargetPath())
        .isEqualTo(
            folder
                .plugins()
                .resolve("kubernetes.io/csi/disks.example")
                .resolve(CsiVolume.digest("disk-1"))
                .resolve("globalmount")
                .toString());
    assertThat(staged.getVolumeCapability().getAccessMode().getMode())
        .isEqualTo(Mode.SINGLE_NODE_WRITER);
    assertThat(staged.getVolumeCapability().getMount().getFsType()).isEqualTo("ext4");
    assertThat(staged.getVolumeCapability().getMount().getMountFlagsList())
        .containsExactly("noatime");
    NodePublishVolumeRequest published = driver.asked(NodePublishVolumeRequest.class).getFirst();
    assertThat(published.getStagingTargetPath()).isEqualTo(staged.getStagingTargetPath());
    assertThat(published.getPublishContextMap()).isEqualTo(Map.of("lun", "3"));
    assertThat(published.getSecretsMap()).isEqualTo(Map.of("key", "hunter2"));
    assertThat(driver.calls()).containsExactly("Stage", "Publish");

    gone(pod);
    assertThat(driver.calls()).containsExactly("Stage", "Publish", "Unpublish", "Unstage");
    assertThat(inUse()).isEmpty();
    assertThat(folder.pods()).isEmptyDirectory();
    assertThat(folder.plugins().resolve("kubernetes.io/csi/disks.example")).isEmptyDirectory();
  }

  @Test
  void aVolumeIsUnstagedWithItsLastPod() {
    withoutAttach("");
    Pod one = pod("one");
    Pod two = pod("two");
    there(one, disk(""));
    there(two, disk(""));
    gone(one);
    assertThat(driver.asked(NodeUnstageVolumeRequest.class)).isEmpty();
    gone(two);
    assertThat(driver.asked(NodeUnstageVolumeRequest.class)).hasSize(1);
  }

  @Test
  void whatAFormerLifeHasMountedIsUnmounted() throws IOException {
    withoutAttach("");
    Pod pod = pod("web");
    there(pod, disk(""));
    plugin.close();
    restart();
    assertThat(volumes.uids()).containsExactly("u-web");
    assertThatThrownBy(
            () -> {
              assertThat(volumes.remove("u-web", null)).isFalse();
              volumes.remove("u-web", null);
            })
        .isInstanceOf(StartException.class)
        .hasMessageContaining(
            "driver name disks.example not found in the list of registered CSI drivers");
    register();
    gone(pod);
    assertThat(driver.calls()).containsExactly("Stage", "Publish", "Unpublish", "Unstage");
    assertThat(volumes.uids()).isEmpty();
  }

  @Test
  void whatADriverRefusesLeavesNothingBehind() throws IOException {
    withoutAttach("");
    Pod pod = pod("web");
    driver.fail(NodePublishVolumeRequest.class, Status.INTERNAL.withDescription("disk is dirty"));
    assertThat(volumes.want(pod, disk(""))).isEqualTo(new State.Pending());
    assertThatThrownBy(() -> volumes.want(pod, disk("")))
        .isInstanceOfSatisfying(
            StartException.class, e -> assertThat(e.reason()).isEqualTo("FailedMount"))
        .hasMessage(
            "MountVolume.SetUp failed for volume \"pv1\" : rpc error: code = Internal desc = disk is dirty");
    assertThat(new VolumePlaces(folder).ofPod("u-web")).isEmpty();
    driver.fail(NodeStageVolumeRequest.class, Status.INVALID_ARGUMENT.withDescription("no"));
    assertThat(volumes.want(pod, disk(""))).isEqualTo(new State.Pending());
    assertThatThrownBy(() -> volumes.want(pod, disk("")))
        .hasMessage(
            "MountVolume.MountDevice failed for volume \"pv1\" : rpc error: code = InvalidArgument desc = no");
    assertThat(new VolumePlaces(folder).staged()).isEmpty();
    driver.mend();
    there(pod, disk(""));
  }

  @Test
  void whatNobodyKnowsTheEndOfIsUndone() {
    withoutAttach("");
    Pod pod = pod("web");
    driver.fail(NodePublishVolumeRequest.class, TestDriver.HANGS);
    assertThat(volumes.want(pod, disk(""))).isEqualTo(new State.Pending());
    assertThatThrownBy(() -> volumes.want(pod, disk("")))
        .hasMessage(
            "MountVolume.SetUp failed for volume \"pv1\" : rpc error: code = DeadlineExceeded desc = context deadline exceeded");
    gone(pod);
    assertThat(driver.calls()).containsExactly("Stage", "Publish", "Unpublish", "Unstage");
  }

  @Test
  void aVolumeThatADriverDoesNotUnstageIsTidiedUpLater() {
    api.with(
        "/apis/storage.k8s.io/v1/volumeattachments/csi-"
            + CsiVolume.digest("disk-1disks.examplerock"),
        "{status: {attached: true}}");
    Pod pod = pod("web");
    there(pod, disk(""));
    driver.fail(NodeUnstageVolumeRequest.class, Status.INTERNAL.withDescription("busy"));
    gone(pod);
    assertThat(inUse()).hasSize(1);
    volumes.tidy();
    assertThat(inUse()).hasSize(1);
    driver.mend();
    volumes.tidy();
    assertThat(inUse()).isEmpty();
    assertThat(driver.asked(NodeUnstageVolumeRequest.class)).hasSize(3);
  }

  @Test
  void whatADriverDoesNotUnpublishIsAskedForAgain() {
    withoutAttach("");
    Pod pod = pod("web");
    there(pod, disk(""));
    driver.fail(NodeUnpublishVolumeRequest.class, Status.INTERNAL.withDescription("busy"));
    assertThat(volumes.remove("u-web", pod)).isFalse();
    assertThatThrownBy(() -> volumes.remove("u-web", pod))
        .hasMessageEndingWith("rpc error: code = Internal desc = busy");
    driver.mend();
    gone(pod);
    assertThat(driver.calls())
        .containsExactly("Stage", "Publish", "Unpublish", "Unpublish", "Unstage");
  }

  @Test
  void aPodsOwnVolumeTellsTheDriverOfThePod() {
    withoutAttach(
        "podInfoOnMount: true, volumeLifecycleModes: [Ephemeral], tokenRequests: [{audience: vault}]");
    Pod pod = pod("web");
    there(pod, inline(pod));
    NodePublishVolumeRequest published = driver.asked(NodePublishVolumeRequest.class).getFirst();
    assertThat(published.getVolumeId()).isEqualTo("csi-" + CsiVolume.digest("u-webcache"));
    assertThat(published.getStagingTargetPath()).isEmpty();
    assertThat(published.getVolumeContextMap())
        .isEqualTo(
            Map.of(
                "size", "1",
                "csi.storage.k8s.io/pod.name", "web",
                "csi.storage.k8s.io/pod.namespace", "shop",
                "csi.storage.k8s.io/pod.uid", "u-web",
                "csi.storage.k8s.io/serviceAccount.name", "seller",
                "csi.storage.k8s.io/ephemeral", "true",
                "csi.storage.k8s.io/serviceAccount.tokens",
                    "{\"vault\":{\"token\":\"token for vault\",\"expirationTimestamp\":\"2026-01-01T00:00:00Z\"}}"));
    gone(pod);
    assertThat(driver.calls()).containsExactly("Publish", "Unpublish");
  }

  @Test
  void tokensGoWhereADriverWantsThem() {
    withoutAttach(
        "volumeLifecycleModes: [Ephemeral], tokenRequests: [{audience: ''}], serviceAccountTokenInSecrets: true");
    Pod pod = pod("web");
    there(pod, inline(pod));
    NodePublishVolumeRequest published = driver.asked(NodePublishVolumeRequest.class).getFirst();
    assertThat(published.getVolumeContextMap()).containsOnlyKeys("size");
    assertThat(published.getSecretsMap()).containsKey("csi.storage.k8s.io/serviceAccount.tokens");
  }

  @Test
  void aKindOfVolumeThatADriverDoesNotHaveIsRefused() {
    Pod pod = pod("web");
    assertThat(volumes.want(pod, inline(pod))).isEqualTo(new State.Pending());
    assertThatThrownBy(() -> volumes.want(pod, inline(pod)))
        .hasMessageEndingWith(
            "volume mode \"Ephemeral\" not supported by driver disks.example (no CSIDriver object)");
    withoutAttach("");
    assertThat(volumes.want(pod, inline(pod))).isEqualTo(new State.Pending());
    assertThatThrownBy(() -> volumes.want(pod, inline(pod)))
        .hasMessageEndingWith(
            "volume mode \"Ephemeral\" not supported by driver disks.example (only supports [\"Persistent\"])");
    assertThat(driver.calls()).isEmpty();
  }

  @Test
  void aVolumeThatIsPublishedAgainStaysWhenThatFails() throws IOException {
    withoutAttach("requiresRepublish: true");
    Pod pod = pod("web");
    State.There there = there(pod, disk(""));
    there(pod, disk(""));
    assertThat(driver.asked(NodePublishVolumeRequest.class)).hasSize(1);
    later();
    there(pod, disk(""));
    assertThat(driver.asked(NodePublishVolumeRequest.class)).hasSize(2);
    later();
    Files.delete(there.path().resolve("data"));
    driver.fail(NodePublishVolumeRequest.class, Status.INTERNAL.withDescription("no token"));
    there(pod, disk(""));
    assertThatThrownBy(() -> volumes.want(pod, disk("")))
        .hasMessageEndingWith("code = Internal desc = no token");
    assertThat(there.path()).isEmptyDirectory();
    gone(pod);
    assertThat(there.path()).doesNotExist();
  }

  @Test
  void aBlockVolumeIsADevice() {
    withoutAttach("");
    Pod pod = pod("web");
    CsiVolume block = disk("volumeMode: Block");
    State.There there = there(pod, block);
    assertThat(there.path())
        .isEqualTo(folder.plugins().resolve("kubernetes.io/csi/volumeDevices/publish/pv1/u-web"));
    assertThat(there.givesToGroup()).isFalse();
    NodeStageVolumeRequest staged = driver.asked(NodeStageVolumeRequest.class).getFirst();
    assertThat(staged.getVolumeCapability().hasBlock()).isTrue();
    assertThat(staged.getStagingTargetPath())
        .endsWith("kubernetes.io/csi/volumeDevices/staging/pv1");
    plugin.close();
    restart();
    assertThat(volumes.uids()).containsExactly("u-web");
  }

  @Test
  void aBlockVolumeThatNobodyHasLeavesNothing() {
    withoutAttach("");
    Pod pod = pod("web");
    CsiVolume block = disk("volumeMode: Block");
    driver.fail(NodeStageVolumeRequest.class, Status.INTERNAL.withDescription("no"));
    assertThat(volumes.want(pod, block)).isEqualTo(new State.Pending());
    assertThatThrownBy(() -> volumes.want(pod, block))
        .isInstanceOfSatisfying(
            StartException.class, e -> assertThat(e.reason()).isEqualTo("FailedMapVolume"))
        .hasMessageStartingWith("MapVolume.SetUpDevice failed for volume \"pv1\" : rpc error");
    driver.mend();
    there(pod, block);
    gone(pod);
    assertThat(driver.calls()).containsExactly("Stage", "Stage", "Publish", "Unpublish", "Unstage");
    Path devices = folder.plugins().resolve("kubernetes.io/csi/volumeDevices");
    assertThat(devices.resolve("pv1")).doesNotExist();
    assertThat(devices.resolve("publish/pv1")).doesNotExist();
    assertThat(devices.resolve("staging/pv1")).doesNotExist();
  }

  @Test
  void aVolumeThatHasGrownLetsItsFileSystemGrow() {
    withoutAttach("");
    api.with(
        CLAIM,
        """
        metadata: {namespace: shop, name: data, uid: c1}
        status:
          capacity: {storage: 1Gi}
          allocatedResources: {storage: 2Gi}
          allocatedResourceStatuses: {storage: NodeResizePending}
          conditions: [{type: FileSystemResizePending, status: 'True'}]
        """);
    api.with("/api/v1/persistentvolumes/pv1", "{spec: {capacity: {storage: 2Gi}}}");
    Pod pod = pod("web");
    there(pod, disk(""));
    NodeExpandVolumeRequest request = driver.asked(NodeExpandVolumeRequest.class).getFirst();
    assertThat(request.getCapacityRange().getRequiredBytes()).isEqualTo(2L << 30);
    assertThat(request.getVolumePath()).endsWith("/pv1/mount");
    JsonNode status = api.get(CLAIM).path("status");
    assertThat(status.path("capacity").path("storage").asText()).isEqualTo("2Gi");
    assertThat(status.path("conditions")).isEmpty();
    assertThat(status.path("allocatedResourceStatuses")).isEmpty();
    String words =
        " Normal FileSystemResizeSuccessful MountVolume.NodeExpandVolume succeeded for volume \"pv1\" rock";
    assertThat(events).containsExactly("Pod" + words, "PersistentVolumeClaim" + words);
    later();
    there(pod, disk(""));
    assertThat(driver.asked(NodeExpandVolumeRequest.class)).hasSize(1);
    later();
    api.merge(
        CLAIM + "/status",
        GoldenPods.tree(
            "{status: {allocatedResources: {storage: 3Gi}, allocatedResourceStatuses: {storage: NodeResizePending}}}"));
    there(pod, disk(""));
    assertThat(driver.asked(NodeExpandVolumeRequest.class)).hasSize(2);
    later();
    driver.fail(NodeExpandVolumeRequest.class, Status.INTERNAL.withDescription("full"));
    api.merge(CLAIM + "/status", GoldenPods.tree("{status: {allocatedResources: {storage: 4Gi}}}"));
    events.clear();
    there(pod, disk(""));
    assertThat(events)
        .containsExactly(
            "Pod Warning VolumeResizeFailed NodeExpandVolume.NodeExpandVolume failed for volume \"pv1\" : Expander.NodeExpand failed to expand the volume : rpc error: code = Internal desc = full");
    there(pod, disk(""));
  }

  @Test
  void aDriverSaysHowFullAVolumeIsWhereItCan() {
    withoutAttach("");
    Pod pod = pod("web");
    there(pod, disk(""));
    later();
    there(pod, disk(""));
    assertThat(volumes.figures("u-web")).isEmpty();
    driver.capabilities = EnumSet.of(Type.GET_VOLUME_STATS);
    later();
    there(pod, disk(""));
    assertThat(volumes.figures("u-web"))
        .containsExactly(
            new VolumeFigures(
                "pv1",
                "shop/data",
                now,
                new VolumeFigures.Amount(60, 100, 40),
                new VolumeFigures.Amount(0, 0, 0)));
    driver.fail(NodeGetVolumeStatsRequest.class, Status.INTERNAL);
    later();
    there(pod, disk(""));
    assertThat(volumes.figures("u-web")).isEmpty();
  }

  @Test
  void aVolumeThatIsPublishedAgainIsMeasuredToo() {
    driver.capabilities = EnumSet.of(Type.GET_VOLUME_STATS);
    withoutAttach("requiresRepublish: true");
    Pod pod = pod("web");
    there(pod, disk(""));
    later();
    there(pod, disk(""));
    assertThat(volumes.figures("u-web")).hasSize(1);
  }

  @Test
  void aDriverWithoutStagingIsAskedToPublishOnly() {
    withoutAttach("fsGroupPolicy: None");
    driver.capabilities = EnumSet.of(Type.SINGLE_NODE_MULTI_WRITER);
    Pod pod = pod("web");
    assertThat(there(pod, disk("")).givesToGroup()).isFalse();
    NodePublishVolumeRequest published = driver.asked(NodePublishVolumeRequest.class).getFirst();
    assertThat(published.getStagingTargetPath()).isEmpty();
    assertThat(published.getVolumeCapability().getAccessMode().getMode())
        .isEqualTo(Mode.SINGLE_NODE_MULTI_WRITER);
    gone(pod);
    assertThat(driver.calls()).containsExactly("Publish", "Unpublish");
  }

  @Test
  void aDriverThatStartsAgainIsFoundAgain() throws IOException {
    withoutAttach("");
    driver.close();
    Pod pod = pod("web");
    assertThat(volumes.want(pod, disk(""))).isEqualTo(new State.Pending());
    assertThatThrownBy(() -> volumes.want(pod, disk("")))
        .hasMessageContaining(
            "rpc error: code = Unavailable desc = connection error: desc = \"transport: Error while dialing: dial unix ");
    driver.start();
    there(pod, disk(""));
  }
}
