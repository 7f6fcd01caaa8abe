// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.volume;

import dev.havn.scheduler.plugin.Change;
import dev.havn.scheduler.state.PodFacts;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectReference;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.storage.CSIDriver;
import io.fabric8.kubernetes.api.model.storage.CSINode;
import io.fabric8.kubernetes.api.model.storage.CSIStorageCapacity;
import io.fabric8.kubernetes.api.model.storage.StorageClass;
import java.util.Objects;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Whether what came or changed concerns the claims of a pod that waits: a volume that is made
/// somewhere must not wake everyone.
final class VolumeHints {
  private VolumeHints() {}

  /// Whether a claim is one that a pod uses.
  static boolean isClaim(HasMetadata object, PodFacts pod) {
    return object instanceof PersistentVolumeClaim claim
        && pod.claims().contains(Claims.key(claim));
  }

  /// Whether a change may concern any pod's claims that are to be bound.
  static boolean concernsBinding(Change.OfObject change) {
    return switch (change.after()) {
      case PersistentVolumeClaim _,
          PersistentVolume _,
          StorageClass _,
          CSIStorageCapacity _,
          CSIDriver _ ->
          true;
      default -> false;
    };
  }

  static boolean binding(Change.OfObject change, PodFacts pod, Volumes volumes) {
    return switch (change.after()) {
      case PersistentVolumeClaim claim -> isClaim(claim, pod);
      case PersistentVolume volume -> concerns(volume, pod, volumes);
      case StorageClass ofClaims ->
          any(pod, volumes, claim -> isNamed(claim, ofClaims.getMetadata().getName()));
      case CSIStorageCapacity room ->
          any(pod, volumes, claim -> isNamed(claim, String.valueOf(room.getStorageClassName())));
      case CSIDriver driver ->
          change.before() instanceof CSIDriver before
              && !Objects.equals(
                  before.getSpec().getStorageCapacity(), driver.getSpec().getStorageCapacity());
      default -> false;
    };
  }

  /// One that is bound to a claim of the pod, kept for it, or of its class.
  private static boolean concerns(PersistentVolume volume, PodFacts pod, Volumes volumes) {
    String name = volume.getMetadata().getName();
    @Nullable ObjectReference owner = volume.getSpec().getClaimRef();
    if (owner != null) {
      return pod.claims().contains(owner.getNamespace() + "/" + owner.getName());
    }
    return any(
        pod,
        volumes,
        claim -> {
          @Nullable String bound = Claims.volumeName(claim);
          return bound == null
              ? isNamed(claim, VolumesByClass.className(volume))
              : bound.equals(name);
        });
  }

  private static boolean isNamed(PersistentVolumeClaim claim, String className) {
    return Claims.className(claim).equals(className);
  }

  private static boolean any(
      PodFacts pod, Volumes volumes, Predicate<PersistentVolumeClaim> meant) {
    for (String key : pod.claims()) {
      @Nullable PersistentVolumeClaim claim = volumes.claim(key);
      if (claim != null && meant.test(claim)) {
        return true;
      }
    }
    return false;
  }

  /// Zones are labels of volumes.
  static boolean zone(Change.OfObject change, PodFacts pod, Volumes volumes) {
    return switch (change.after()) {
      case PersistentVolumeClaim claim -> isClaim(claim, pod);
      case PersistentVolume volume ->
          (!(change.before() instanceof PersistentVolume before)
                  || !Objects.equals(
                      before.getMetadata().getLabels(), volume.getMetadata().getLabels()))
              && concerns(volume, pod, volumes);
      default -> false;
    };
  }

  /// What a node can have, or what the pod asks for.
  static boolean limits(Change.OfObject change, PodFacts pod) {
    return switch (change.after()) {
      case PersistentVolumeClaim claim -> isClaim(claim, pod);
      case CSINode drivers ->
          !(change.before() instanceof CSINode before)
              || !Objects.equals(before.getSpec(), drivers.getSpec());
      default -> false;
    };
  }
}
