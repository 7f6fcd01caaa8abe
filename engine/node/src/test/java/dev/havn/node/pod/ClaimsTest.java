// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.node.runtime.ContainerRuntime.StartException;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Volume;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ClaimsTest {
  private static final String CLAIMS = "/api/v1/namespaces/shop/persistentvolumeclaims/";
  private static final String VOLUMES = "/api/v1/persistentvolumes/";
  private static final String FRAME =
      "Unable to attach or mount volumes: unmounted volumes=[v], unattached volumes=[], failed to process volumes=[v]: ";

  private final TableApi api =
      new TableApi()
          .with(
              CLAIMS + "bound",
              "{metadata: {uid: c1}, spec: {volumeName: disk}, status: {phase: Bound}}")
          .with(
              CLAIMS + "block",
              "{metadata: {uid: c2}, spec: {volumeName: raw}, status: {phase: Bound}}")
          .with(
              CLAIMS + "of-driver",
              "{metadata: {uid: c3}, spec: {volumeName: far}, status: {phase: Bound}}")
          .with(CLAIMS + "open", "{metadata: {uid: c4}, status: {phase: Pending}}")
          .with(
              CLAIMS + "going",
              "{metadata: {uid: c5, deletionTimestamp: '2026-01-01T00:00:00Z'}, status: {phase: Bound}}")
          .with(
              CLAIMS + "stolen",
              "{metadata: {uid: c6}, spec: {volumeName: disk}, status: {phase: Bound}}")
          .with(
              CLAIMS + "web-v",
              "{metadata: {uid: c7}, spec: {volumeName: disk}, status: {phase: Bound}}")
          .with(
              CLAIMS + "choosy",
              "{metadata: {uid: c8}, spec: {volumeName: opted}, status: {phase: Bound}}")
          .with(
              VOLUMES + "disk",
              "{spec: {claimRef: {uid: c1}, hostPath: {path: /srv/disk, type: Directory}}}")
          .with(
              VOLUMES + "raw",
              "{spec: {claimRef: {uid: c2}, volumeMode: Block, local: {path: /dev/sdz}}}")
          .with(
              VOLUMES + "far",
              "{spec: {claimRef: {uid: c3}, csi: {driver: far.example, volumeHandle: h}}}");

  private final Claims claims =
      new Claims(api, (pod, volume) -> Path.of("/kubelet", volume.driver(), volume.handle()));

  private static Pod pod(String use) {
    return GoldenPods.pod(
        """
        metadata: {name: web, namespace: shop, uid: u1}
        spec:
          containers:
            - {name: web, %s}
        """
            .formatted(use));
  }

  private static Volume volume(String claim) {
    return GoldenPods.read(
        "{name: v, persistentVolumeClaim: {claimName: %s, readOnly: true}}".formatted(claim),
        Volume.class);
  }

  @Test
  void aClaimLeadsToThePathOfItsVolume() {
    Pod pod = pod("volumeMounts: [{name: v, mountPath: /data}]");
    Claims.Claimed found = claims.find(pod, volume("bound"));
    assertThat(found)
        .isEqualTo(
            new Claims.Claimed("disk", Path.of("/srv/disk"), "Directory", false, true, null));
    assertThat(claims.found(pod, "v")).contains(found);
    claims.forget("u1");
    assertThat(claims.found(pod, "v")).isEmpty();
  }

  @Test
  void aBlockDeviceIsNoFolder() {
    Pod pod = pod("volumeDevices: [{name: v, devicePath: /dev/disk}]");
    assertThat(claims.find(pod, volume("block")).path()).isEqualTo(Path.of("/dev/sdz"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "none | error processing PVC shop/none: failed to fetch PVC from API server: persistentvolumeclaims \"none\" not found",
        "open | error processing PVC shop/open: PVC is not bound",
        "going | error processing PVC shop/going: PVC is being deleted",
        "stolen | failed to fetch PV disk from API server: persistentvolumes \"disk\" not found",
        "block | volume v has volumeMode Block, but is specified in volumeMounts",
      })
  void whatIsWrongWithAClaimIsSaid(String claim, String message) {
    Pod pod = pod("volumeMounts: [{name: v, mountPath: /data}]");
    assertThatThrownBy(() -> claims.find(pod, volume(claim)))
        .isInstanceOf(StartException.class)
        .hasMessage(FRAME + message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "hostPath: {path: /srv/disk} | MountVolume.MountOptionSupport check failed for volume \"opted\" : mount options are not supported for this volume type",
        "local: {path: /srv/disk} | MountVolume.SetUp failed for volume \"opted\" : Havn follows no mountOptions of local volumes: mount what is at /srv/disk with them, and leave them out of the volume",
        "nfs: {server: far, path: /srv} | MountVolume.NewMounter initialization failed for volume \"opted\" : no volume plugin matched",
      })
  void mountOptionsThatNobodyWouldFollowAreRefused(String source, String message) {
    api.with(
        VOLUMES + "opted",
        "{spec: {claimRef: {uid: c8}, mountOptions: [noatime], %s}}".formatted(source));
    Pod pod = pod("volumeMounts: [{name: v, mountPath: /data}]");
    assertThatThrownBy(() -> claims.find(pod, volume("choosy")))
        .isInstanceOf(StartException.class)
        .hasMessage(message);
  }

  @Test
  void aFolderIsNoDevice() {
    Pod pod = pod("volumeDevices: [{name: v, devicePath: /dev/disk}]");
    assertThatThrownBy(() -> claims.find(pod, volume("bound")))
        .hasMessageEndingWith(
            "volume v has volumeMode Filesystem, but is specified in volumeDevices");
  }

  @Test
  void theVolumeOfADriverIsWhereTheDriverBringsIt() {
    Claims.Claimed found = claims.find(pod("args: []"), volume("of-driver"));
    assertThat(found.path()).isEqualTo(Path.of("/kubelet/far.example/h"));
    assertThat(found.ofDriver()).isNotNull();
    assertThat(found.readOnly()).isTrue();
  }

  @Test
  void theClaimOfAnEphemeralVolumeMustBeThePods() {
    Volume ephemeral = GoldenPods.read("{name: v, ephemeral: {}}", Volume.class);
    assertThatThrownBy(() -> claims.find(pod("args: []"), ephemeral))
        .hasMessageContaining("PVC shop/web-v was not created for pod shop/web");
  }
}
