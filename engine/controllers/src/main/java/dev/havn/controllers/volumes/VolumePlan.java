// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.volumes;

import io.fabric8.kubernetes.api.model.HostPathVolumeSource;
import io.fabric8.kubernetes.api.model.ObjectReference;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What is to be done about a volume: its phase, and what its policy says once its claim is gone.
final class VolumePlan {
  private static final String RELEASED = "Released";
  private static final String FAILED = "Failed";
  private static final Step AVAILABLE = new Step.VolumePhase("Available", "");
  private static final String IN_TREE = "kubernetes.io/";

  private final PersistentVolume volume;
  private final List<String> users;

  private VolumePlan(PersistentVolume volume, List<String> users) {
    this.volume = volume;
    this.users = users;
  }

  /// @param claim the one that the volume names, if there is one of this name
  /// @param users pods (`namespace/name`) that use a claim of this name and have not ended
  static List<Step> of(
      PersistentVolume volume, @Nullable PersistentVolumeClaim claim, List<String> users) {
    return new VolumePlan(volume, users).plan(claim);
  }

  private List<Step> plan(@Nullable PersistentVolumeClaim claim) {
    @Nullable ObjectReference reference = volume.getSpec().getClaimRef();
    if (reference == null || Binding.isEmpty(reference.getUid())) {
      return Binding.phase(volume).equals("Available") ? List.of() : List.of(AVAILABLE);
    }
    if (claim == null || !reference.getUid().equals(claim.getMetadata().getUid())) {
      return released(claim);
    }
    @Nullable String chosen = claim.getSpec().getVolumeName();
    if (chosen == null || chosen.isEmpty()) {
      return Binding.sameMode(claim, volume) ? List.of(new Step.LookAtClaim()) : mismatch(claim);
    }
    if (chosen.equals(volume.getMetadata().getName())) {
      return Binding.phase(volume).equals("Bound")
          ? List.of()
          : List.of(new Step.VolumePhase("Bound", ""));
    }
    boolean isMadeForIt =
        Binding.has(volume, Binding.PROVISIONED_BY)
            && "Delete".equals(volume.getSpec().getPersistentVolumeReclaimPolicy());
    return isMadeForIt ? released(claim) : List.of(new Step.Unbind());
  }

  private List<Step> mismatch(PersistentVolumeClaim claim) {
    return List.of(
        new Step.VolumeEvent(
            ClaimPlan.WARNING,
            "VolumeMismatch",
            "Cannot bind PersistentVolume to requested PersistentVolumeClaim \"%s\" due to incompatible volumeMode."
                .formatted(claim.getMetadata().getName())),
        new Step.ClaimEvent(
            ClaimPlan.WARNING,
            "VolumeMismatch",
            "Cannot bind PersistentVolume \"%s\" to requested PersistentVolumeClaim due to incompatible volumeMode."
                .formatted(volume.getMetadata().getName())));
  }

  /// @param namesake of the claim that is gone, or the claim itself when it has another volume
  private List<Step> released(@Nullable PersistentVolumeClaim namesake) {
    List<Step> steps = new ArrayList<>();
    String phase = Binding.phase(volume);
    if (!phase.equals(RELEASED) && !phase.equals(FAILED)) {
      steps.add(new Step.VolumePhase(RELEASED, ""));
    }
    if (!Binding.isEmpty(Binding.annotation(volume, Binding.MIGRATED_TO))) {
      return steps;
    }
    switch (Binding.or(volume.getSpec().getPersistentVolumeReclaimPolicy())) {
      case "Retain", "" -> {}
      case "Delete" -> undeletable().ifPresent(why -> fail(steps, "VolumeFailedDelete", why));
      case "Recycle" -> recycle(steps, namesake);
      default ->
          fail(
              steps,
              "VolumeUnknownReclaimPolicy",
              "Volume has unrecognized PersistentVolumeReclaimPolicy");
    }
    return steps;
  }

  private void fail(List<Step> steps, String reason, String message) {
    if (!Binding.phase(volume).equals(FAILED)) {
      steps.add(new Step.VolumePhase(FAILED, message));
      steps.add(new Step.VolumeEvent(ClaimPlan.WARNING, reason, message));
    }
  }

  private void recycle(List<Step> steps, @Nullable PersistentVolumeClaim namesake) {
    PersistentVolumeSpec spec = volume.getSpec();
    if (!users.isEmpty() && namesake == null) {
      steps.add(
          new Step.VolumeEvent(
              ClaimPlan.NORMAL,
              "VolumeFailedRecycle",
              "Volume is used by pods: " + String.join(",", users)));
    } else if (spec.getHostPath() == null && spec.getNfs() == null) {
      fail(steps, "VolumeFailedRecycle", "No recycler plugin found for the volume!");
    } else {
      steps.add(new Step.Recycle());
    }
  }

  /// Why nobody deletes the volume; empty where a driver of its own does.
  private Optional<String> undeletable() {
    String provisioner = Binding.or(Binding.annotation(volume, Binding.PROVISIONED_BY));
    if (!provisioner.isEmpty()) {
      return provisioner.startsWith(IN_TREE) ? byName(provisioner) : Optional.empty();
    }
    if (volume.getSpec().getCsi() != null) {
      return Optional.empty();
    }
    @Nullable HostPathVolumeSource path = volume.getSpec().getHostPath();
    if (path != null) {
      return Optional.of(ofPath(path.getPath()));
    }
    return Optional.of(
        "error getting deleter volume plugin for volume \"%s\": %s"
            .formatted(
                volume.getMetadata().getName(),
                volume.getSpec().getNfs() == null
                    ? "no volume plugin matched"
                    : "no deletable volume plugin matched"));
  }

  private Optional<String> byName(String provisioner) {
    @Nullable HostPathVolumeSource path = volume.getSpec().getHostPath();
    return Optional.of(
        provisioner.equals("kubernetes.io/host-path") && path != null
            ? ofPath(path.getPath())
            : "no volume plugin matched name: " + provisioner);
  }

  /// Kubernetes' controller manager deletes what lies below `/tmp` of the machine it runs on. Havn
  /// does not: its machine is somebody's own.
  private static String ofPath(String path) {
    return path.matches("/tmp/.+")
        ? "the path " + path + " is left to whoever owns it: delete it and this volume"
        : "host_path deleter only supports /tmp/.+ but received provided " + path;
  }
}
