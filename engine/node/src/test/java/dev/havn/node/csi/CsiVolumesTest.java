// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.csi;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.node.csi.CsiVolumes.State;
import dev.havn.node.pod.GoldenPods;
import dev.havn.node.protocol.csi.NodeExpandVolumeRequest;
import dev.havn.node.protocol.csi.NodeGetVolumeStatsRequest;
import dev.havn.node.protocol.csi.NodePublishVolumeRequest;
import dev.havn.node.protocol.csi.NodeServiceCapability.RPC.Type;
import dev.havn.node.protocol.csi.NodeStageVolumeRequest;
import dev.havn.node.protocol.csi.NodeUnstageVolumeRequest;
import dev.havn.node.protocol.csi.VolumeCapability.AccessMode.Mode;
import io.fabric8.kubernetes.api.model.Pod;
import io.grpc.Status;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// A node's conversation with a driver when all goes well.
class CsiVolumesTest extends CsiStage {
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
    isAsked(staged);
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

  private void isAsked(NodeStageVolumeRequest staged) {
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
}
