// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.volume;

import dev.havn.scheduler.state.Resources;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.storage.StorageClass;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What claims say.
final class Claims {
  static final String SELECTED_NODE = "volume.kubernetes.io/selected-node";
  private static final String BIND_COMPLETED = "pv.kubernetes.io/bind-completed";
  private static final String CLASS = "volume.beta.kubernetes.io/storage-class";

  private Claims() {}

  static String key(PersistentVolumeClaim claim) {
    return claim.getMetadata().getNamespace() + "/" + claim.getMetadata().getName();
  }

  /// The volume that a claim is bound to, or null.
  static @Nullable String bound(PersistentVolumeClaim claim) {
    @Nullable String volume = volumeName(claim);
    return volume != null && annotation(claim, BIND_COMPLETED) != null ? volume : null;
  }

  static @Nullable String volumeName(PersistentVolumeClaim claim) {
    String name = claim.getSpec().getVolumeName();
    return name == null || name.isEmpty() ? null : name;
  }

  static @Nullable String annotation(PersistentVolumeClaim claim, String key) {
    @Nullable Map<String, String> annotations = claim.getMetadata().getAnnotations();
    return annotations == null ? null : annotations.get(key);
  }

  static String className(PersistentVolumeClaim claim) {
    @Nullable String old = annotation(claim, CLASS);
    String name = claim.getSpec().getStorageClassName();
    return old != null ? old : name == null ? "" : name;
  }

  /// How large its volume has to be.
  static long bytes(PersistentVolumeClaim claim) {
    @Nullable Map<String, Quantity> requests =
        claim.getSpec().getResources() == null
            ? null
            : claim.getSpec().getResources().getRequests();
    @Nullable Quantity storage = requests == null ? null : requests.get("storage");
    return storage == null ? 0 : Resources.units("storage", storage);
  }

  /// Whether a claim is bound when the first pod that uses it has a node, not before.
  static boolean waits(PersistentVolumeClaim claim, Volumes volumes) {
    @Nullable StorageClass ofClaim = volumes.storageClass(className(claim));
    return volumeName(claim) == null
        && ofClaim != null
        && "WaitForFirstConsumer".equals(ofClaim.getVolumeBindingMode());
  }
}
