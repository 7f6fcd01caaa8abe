// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.volume;

import dev.havn.scheduler.plugin.NodeSelection;
import dev.havn.scheduler.state.NodeState;
import dev.havn.scheduler.state.Resources;
import dev.havn.scheduler.state.Selector;
import io.fabric8.kubernetes.api.model.ObjectReference;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Finds a volume for a claim: the smallest that is large enough, free, of the right kind and
/// reachable from the node.
final class VolumeMatch {
  private VolumeMatch() {}

  /// @param chosen volumes that other claims of the same pod get
  static @Nullable PersistentVolume find(
      PersistentVolumeClaim claim, NodeState node, Volumes volumes, Set<String> chosen) {
    @Nullable PersistentVolume best = null;
    for (PersistentVolume volume : volumes.volumes()) {
      if (chosen.contains(volume.getMetadata().getName())
          || !isFree(volume, claim, volumes)
          || !suits(volume, claim)
          || !isReachable(volume, node)) {
        continue;
      }
      if (volume.getSpec().getClaimRef() != null) {
        return volume;
      }
      if (best == null || size(volume) < size(best)) {
        best = volume;
      }
    }
    return best;
  }

  static boolean isReachable(PersistentVolume volume, NodeState node) {
    return volume.getSpec().getNodeAffinity() == null
        || NodeSelection.matches(volume.getSpec().getNodeAffinity().getRequired(), node);
  }

  private static boolean isFree(
      PersistentVolume volume, PersistentVolumeClaim claim, Volumes volumes) {
    @Nullable String taken = volumes.takenFor(volume.getMetadata().getName());
    if (volume.getMetadata().getDeletionTimestamp() != null
        || (taken != null && !taken.equals(Claims.key(claim)))) {
      return false;
    }
    @Nullable ObjectReference owner = volume.getSpec().getClaimRef();
    if (owner == null) {
      String phase = volume.getStatus() == null ? null : volume.getStatus().getPhase();
      return phase == null || phase.equals("Available") || phase.equals("Pending");
    }
    return claim.getMetadata().getName().equals(owner.getName())
        && claim.getMetadata().getNamespace().equals(owner.getNamespace())
        && (owner.getUid() == null
            || owner.getUid().isEmpty()
            || owner.getUid().equals(claim.getMetadata().getUid()));
  }

  private static boolean suits(PersistentVolume volume, PersistentVolumeClaim claim) {
    String ofVolume = volume.getSpec().getStorageClassName();
    Map<String, String> labels = volume.getMetadata().getLabels();
    return Claims.className(claim).equals(ofVolume == null ? "" : ofVolume)
        && mode(volume.getSpec().getVolumeMode()).equals(mode(claim.getSpec().getVolumeMode()))
        && volume.getSpec().getAccessModes().containsAll(claim.getSpec().getAccessModes())
        && size(volume) >= asked(claim)
        && (claim.getSpec().getSelector() == null
            || Selector.of(claim.getSpec().getSelector())
                .matches(labels == null ? Map.of() : labels));
  }

  private static String mode(@Nullable String mode) {
    return mode == null ? "Filesystem" : mode;
  }

  private static long size(PersistentVolume volume) {
    return bytes(volume.getSpec().getCapacity());
  }

  private static long asked(PersistentVolumeClaim claim) {
    return claim.getSpec().getResources() == null
        ? 0
        : bytes(claim.getSpec().getResources().getRequests());
  }

  private static long bytes(@Nullable Map<String, Quantity> amounts) {
    @Nullable Quantity storage = amounts == null ? null : amounts.get("storage");
    return storage == null ? 0 : Resources.units("storage", storage);
  }
}
