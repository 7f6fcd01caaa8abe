// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.csi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.node.csi.CsiVolumes.State;
import dev.havn.node.protocol.csi.NodePublishVolumeRequest;
import dev.havn.node.protocol.csi.NodeStageVolumeRequest;
import dev.havn.node.protocol.csi.NodeUnpublishVolumeRequest;
import dev.havn.node.protocol.csi.NodeUnstageVolumeRequest;
import dev.havn.node.runtime.ContainerRuntime.StartException;
import io.fabric8.kubernetes.api.model.Pod;
import io.grpc.Status;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/// What a driver refuses, leaves unanswered or contradicts, and what is left of it then.
class CsiRefusalsTest extends CsiStage {
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
