// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.volumes;

import io.fabric8.kubernetes.api.model.ObjectReference;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.storage.StorageClass;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What is to be done about a claim.
///
/// One that has never been bound looks for a volume, or takes the one it names, or is handed to the
/// provisioner of its class. One that was bound stays with its volume, and is lost for good when
/// that is gone: what it held is not in another.
final class ClaimPlan {
  static final String NORMAL = "Normal";
  static final String WARNING = "Warning";
  private static final Step PENDING = new Step.ClaimPhase("Pending");
  private static final String IN_TREE = "kubernetes.io/";

  /// Provisioners that were part of Kubernetes once, and the drivers that took over.
  private static final Map<String, String> SUCCESSORS =
      Map.of(
          "kubernetes.io/aws-ebs", "ebs.csi.aws.com",
          "kubernetes.io/gce-pd", "pd.csi.storage.gke.io",
          "kubernetes.io/cinder", "cinder.csi.openstack.org",
          "kubernetes.io/azure-disk", "disk.csi.azure.com",
          "kubernetes.io/azure-file", "file.csi.azure.com",
          "kubernetes.io/vsphere-volume", "csi.vsphere.vmware.com",
          "kubernetes.io/portworx-volume", "pxd.portworx.com");

  private final PersistentVolumeClaim claim;
  private final Observed observed;

  /// What there is beside the claim.
  ///
  /// @param waitingPods names of the pods that use the claim and have no node
  record Observed(
      Map<String, PersistentVolume> volumes,
      List<StorageClass> classes,
      List<String> waitingPods) {}

  private ClaimPlan(PersistentVolumeClaim claim, Observed observed) {
    this.claim = claim;
    this.observed = observed;
  }

  static List<Step> of(PersistentVolumeClaim claim, Observed observed) {
    ClaimPlan plan = new ClaimPlan(claim, observed);
    if (!Binding.isOpen(claim)) {
      return plan.bound();
    }
    @Nullable String volume = claim.getSpec().getVolumeName();
    return volume == null || volume.isEmpty() ? plan.choose() : plan.take(volume);
  }

  private Optional<StorageClass> storageClass() {
    String name = Binding.className(claim);
    return observed.classes().stream()
        .filter(each -> each.getMetadata().getName().equals(name))
        .findFirst();
  }

  private List<Step> choose() {
    boolean waits =
        storageClass()
            .filter(each -> "WaitForFirstConsumer".equals(each.getVolumeBindingMode()))
            .isPresent();
    Optional<PersistentVolume> best = Matching.best(claim, observed.volumes().values(), waits);
    if (best.isPresent()) {
      return List.of(new Step.Bind(best.get().getMetadata().getName()));
    }
    Optional<StorageClass> fallback =
        Binding.choosesClass(claim) ? Optional.empty() : Binding.defaultClass(observed.classes());
    if (fallback.isPresent()) {
      return List.of(new Step.AssignClass(fallback.get().getMetadata().getName()));
    }
    if (waits && !Binding.has(claim, Binding.SELECTED_NODE)) {
      return List.of(waiting(), PENDING);
    }
    if (!Binding.className(claim).isEmpty()) {
      return provision();
    }
    return List.of(
        new Step.ClaimEvent(
            NORMAL,
            "FailedBinding",
            "no persistent volumes available for this claim and no storage class is set"),
        PENDING);
  }

  private Step waiting() {
    List<String> pods = observed.waitingPods();
    return switch (pods.size()) {
      case 0 ->
          new Step.ClaimEvent(
              NORMAL,
              "WaitForFirstConsumer",
              "waiting for first consumer to be created before binding");
      case 1 ->
          new Step.ClaimEvent(
              NORMAL,
              "WaitForPodScheduled",
              "waiting for pod %s to be scheduled".formatted(pods.getFirst()));
      default ->
          new Step.ClaimEvent(
              NORMAL,
              "WaitForPodScheduled",
              "waiting for pods %s to be scheduled".formatted(String.join(",", pods)));
    };
  }

  private List<Step> provision() {
    Optional<StorageClass> found = storageClass();
    if (found.isEmpty()) {
      return List.of(
          unprovisioned(
              "storageclass.storage.k8s.io \"%s\" not found".formatted(Binding.className(claim))));
    }
    String provisioner = found.get().getProvisioner();
    String successor = SUCCESSORS.getOrDefault(provisioner, provisioner);
    if (provisioner.equals("kubernetes.io/host-path")) {
      return List.of(
          new Step.Provision(provisioner),
          unprovisioned(
              "Failed to create provisioner: provisioning in volume plugin \"kubernetes.io/host-path\" is disabled"));
    }
    if (successor.startsWith(IN_TREE)) {
      return List.of(unprovisioned("no volume plugin matched name: " + provisioner));
    }
    return List.of(
        new Step.Provision(successor),
        new Step.ClaimEvent(
            NORMAL,
            "ExternalProvisioning",
            ("Waiting for a volume to be created either by the external provisioner '%s' or manually by"
                    + " the system administrator. If volume creation is delayed, please verify that the"
                    + " provisioner is running and correctly registered.")
                .formatted(successor)));
  }

  private static Step unprovisioned(String why) {
    return new Step.ClaimEvent(WARNING, "ProvisioningFailed", why);
  }

  private List<Step> take(String name) {
    @Nullable PersistentVolume volume = observed.volumes().get(name);
    if (volume == null) {
      return List.of(PENDING);
    }
    if (Binding.isFor(volume, claim)) {
      return List.of(new Step.Bind(name));
    }
    if (volume.getSpec().getClaimRef() != null) {
      return List.of(
          new Step.ClaimEvent(
              WARNING,
              "FailedBinding",
              "volume \"%s\" already bound to a different claim.".formatted(name)),
          PENDING);
    }
    Optional<String> mismatch = Matching.mismatch(volume, claim);
    if (mismatch.isPresent()) {
      return List.of(
          new Step.ClaimEvent(
              WARNING,
              "VolumeMismatch",
              "Cannot bind to requested volume \"%s\": %s".formatted(name, mismatch.get())),
          PENDING);
    }
    return List.of(new Step.Bind(name));
  }

  private List<Step> bound() {
    @Nullable String name = claim.getSpec().getVolumeName();
    if (name == null || name.isEmpty()) {
      return lost(
          "ClaimLost",
          "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!");
    }
    @Nullable PersistentVolume volume = observed.volumes().get(name);
    if (volume == null) {
      return lost(
          "ClaimLost", "Bound claim has lost its PersistentVolume. Data on the volume is lost!");
    }
    @Nullable ObjectReference reference = volume.getSpec().getClaimRef();
    if (reference != null && !claim.getMetadata().getUid().equals(reference.getUid())) {
      return lost(
          "ClaimMisbound",
          "Two claims are bound to the same volume, this one is bound incorrectly");
    }
    return isSettled(volume) ? List.of() : List.of(new Step.Bind(name));
  }

  /// Whether both sides say that they are bound, as they will for most of their life.
  private boolean isSettled(PersistentVolume volume) {
    return volume.getSpec().getClaimRef() != null
        && Binding.phase(volume).equals("Bound")
        && Binding.phase(claim).equals("Bound")
        && claim.getStatus().getAccessModes().equals(volume.getSpec().getAccessModes());
  }

  private List<Step> lost(String reason, String message) {
    return Binding.phase(claim).equals("Lost")
        ? List.of()
        : List.of(new Step.ClaimPhase("Lost"), new Step.ClaimEvent(WARNING, reason, message));
  }
}
