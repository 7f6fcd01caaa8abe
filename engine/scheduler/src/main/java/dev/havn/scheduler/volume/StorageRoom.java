// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.volume;

import dev.havn.scheduler.state.NodeState;
import dev.havn.scheduler.state.Resources;
import dev.havn.scheduler.state.Selector;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.storage.CSIStorageCapacity;
import io.fabric8.kubernetes.api.model.storage.StorageClass;
import java.util.Collection;
import org.jspecify.annotations.Nullable;

/// Whether a driver has room for a volume where a node reaches it (KEP-1472).
final class StorageRoom {
  private StorageRoom() {}

  /// Drivers that say nothing of their room are taken to have some.
  static boolean isEnough(
      PersistentVolumeClaim claim, StorageClass ofClaim, NodeState node, Volumes volumes) {
    if (!volumes.reportsCapacity(ofClaim.getProvisioner())) {
      return true;
    }
    long asked = Claims.bytes(claim);
    Collection<CSIStorageCapacity> all = volumes.capacities(ofClaim.getMetadata().getName());
    return all.stream()
        .anyMatch(
            each ->
                Selector.of(each.getNodeTopology()).matches(node.labels())
                    && isEnough(each, asked));
  }

  /// What one volume may have at most, where that is said, or else what is free.
  private static boolean isEnough(CSIStorageCapacity capacity, long asked) {
    @Nullable Quantity most = capacity.getMaximumVolumeSize();
    @Nullable Quantity room = most == null ? capacity.getCapacity() : most;
    return room != null && Resources.units("storage", room) >= asked;
  }
}
