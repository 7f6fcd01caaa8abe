// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.csi;

import dev.havn.node.plugin.KubeletFolder;
import dev.havn.node.protocol.csi.CapacityRange;
import dev.havn.node.protocol.csi.NodeExpandVolumeRequest;
import dev.havn.node.protocol.csi.NodePublishVolumeRequest;
import dev.havn.node.protocol.csi.NodeServiceCapability.RPC.Type;
import dev.havn.node.protocol.csi.NodeStageVolumeRequest;
import dev.havn.node.protocol.csi.VolumeCapability;
import dev.havn.node.protocol.csi.VolumeCapability.AccessMode.Mode;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSecurityContext;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What a driver is asked for the sake of a pod, in the driver's own names of folders.
///
/// @param capabilities of the driver
/// @param publishContext what its attacher left
record Requests(
    KubeletFolder folder,
    VolumePlaces places,
    Drivers.Registered registered,
    Set<Type> capabilities,
    Pod pod,
    Map<String, String> publishContext) {

  Driver driver() {
    return registered.driver();
  }

  String named(Path real) {
    return folder.named(real, registered.endpoint());
  }

  private boolean stages(CsiVolume volume) {
    return !volume.isInline() && capabilities.contains(Type.STAGE_UNSTAGE_VOLUME);
  }

  NodeStageVolumeRequest stage(CsiVolume volume, Map<String, String> secrets) {
    return NodeStageVolumeRequest.newBuilder()
        .setVolumeId(volume.handle())
        .putAllPublishContext(publishContext)
        .setStagingTargetPath(named(places.staging(volume)))
        .setVolumeCapability(capability(volume))
        .putAllSecrets(secrets)
        .putAllVolumeContext(volume.attributes())
        .build();
  }

  NodePublishVolumeRequest publish(
      CsiVolume volume, Map<String, String> attributes, Map<String, String> secrets) {
    NodePublishVolumeRequest.Builder request =
        NodePublishVolumeRequest.newBuilder()
            .setVolumeId(volume.handle())
            .putAllPublishContext(publishContext)
            .setTargetPath(named(places.target(pod.getMetadata().getUid(), volume)))
            .setVolumeCapability(capability(volume))
            .setReadonly(volume.readOnly())
            .putAllSecrets(secrets)
            .putAllVolumeContext(attributes);
    if (stages(volume)) {
      request.setStagingTargetPath(named(places.staging(volume)));
    }
    return request.build();
  }

  NodeExpandVolumeRequest expand(CsiVolume volume, long bytes, Map<String, String> secrets) {
    NodeExpandVolumeRequest.Builder request =
        NodeExpandVolumeRequest.newBuilder()
            .setVolumeId(volume.handle())
            .setVolumePath(named(places.target(pod.getMetadata().getUid(), volume)))
            .setCapacityRange(CapacityRange.newBuilder().setRequiredBytes(bytes))
            .setVolumeCapability(capability(volume))
            .putAllSecrets(secrets);
    if (stages(volume)) {
      request.setStagingTargetPath(named(places.staging(volume)));
    }
    return request.build();
  }

  private VolumeCapability capability(CsiVolume volume) {
    VolumeCapability.Builder capability = VolumeCapability.newBuilder();
    capability.setAccessMode(
        VolumeCapability.AccessMode.newBuilder().setMode(mode(volume.accessMode())));
    if (volume.isBlock()) {
      return capability.setBlock(VolumeCapability.BlockVolume.getDefaultInstance()).build();
    }
    VolumeCapability.MountVolume.Builder mount =
        VolumeCapability.MountVolume.newBuilder()
            .setFsType(volume.fsType())
            .addAllMountFlags(volume.mountOptions());
    @Nullable PodSecurityContext security = pod.getSpec().getSecurityContext();
    if (capabilities.contains(Type.VOLUME_MOUNT_GROUP)
        && security != null
        && security.getFsGroup() != null) {
      mount.setVolumeMountGroup(security.getFsGroup().toString());
    }
    return capability.setMount(mount).build();
  }

  private Mode mode(String accessMode) {
    boolean several = capabilities.contains(Type.SINGLE_NODE_MULTI_WRITER);
    return switch (accessMode) {
      case "ReadWriteOnce" -> several ? Mode.SINGLE_NODE_MULTI_WRITER : Mode.SINGLE_NODE_WRITER;
      case "ReadWriteOncePod" -> several ? Mode.SINGLE_NODE_SINGLE_WRITER : Mode.SINGLE_NODE_WRITER;
      case "ReadOnlyMany" -> Mode.MULTI_NODE_READER_ONLY;
      case "ReadWriteMany" -> Mode.MULTI_NODE_MULTI_WRITER;
      default -> Mode.UNKNOWN;
    };
  }
}
