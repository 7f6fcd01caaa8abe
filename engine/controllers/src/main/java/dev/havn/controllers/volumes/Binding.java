// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.volumes;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectReference;
import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.storage.StorageClass;
import java.math.BigDecimal;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What claims and volumes say about each other.
public final class Binding {
  static final String COMPLETED = "pv.kubernetes.io/bind-completed";
  static final String BY_CONTROLLER = "pv.kubernetes.io/bound-by-controller";
  static final String PROVISIONED_BY = "pv.kubernetes.io/provisioned-by";
  static final String MIGRATED_TO = "pv.kubernetes.io/migrated-to";
  static final String PROVISIONER = "volume.kubernetes.io/storage-provisioner";
  static final String PROVISIONER_BETA = "volume.beta.kubernetes.io/storage-provisioner";
  static final String SELECTED_NODE = "volume.kubernetes.io/selected-node";
  static final String SIZE_BEFORE_RESIZE = "volume.alpha.kubernetes.io/pre-resize-capacity";
  private static final String CLASS = "volume.beta.kubernetes.io/storage-class";
  private static final List<String> DEFAULT_CLASS =
      List.of(
          "storageclass.kubernetes.io/is-default-class",
          "storageclass.beta.kubernetes.io/is-default-class");

  static final String STORAGE = "storage";

  private Binding() {}

  static @Nullable String annotation(HasMetadata object, String name) {
    @Nullable Map<String, String> annotations = object.getMetadata().getAnnotations();
    return annotations == null ? null : annotations.get(name);
  }

  static boolean has(HasMetadata object, String annotation) {
    return annotation(object, annotation) != null;
  }

  static String className(PersistentVolume volume) {
    @Nullable String annotated = annotation(volume, CLASS);
    return annotated == null ? or(volume.getSpec().getStorageClassName()) : annotated;
  }

  static String className(PersistentVolumeClaim claim) {
    @Nullable String annotated = annotation(claim, CLASS);
    return annotated == null ? or(claim.getSpec().getStorageClassName()) : annotated;
  }

  /// The empty name is a choice, too: of no class.
  static boolean choosesClass(PersistentVolumeClaim claim) {
    return has(claim, CLASS) || claim.getSpec().getStorageClassName() != null;
  }

  static Optional<StorageClass> defaultClass(List<StorageClass> classes) {
    return classes.stream()
        .filter(
            each -> DEFAULT_CLASS.stream().anyMatch(name -> "true".equals(annotation(each, name))))
        .min(
            Comparator.comparing(
                    (StorageClass each) -> or(each.getMetadata().getCreationTimestamp()))
                .reversed()
                .thenComparing(each -> each.getMetadata().getName()));
  }

  /// Whether a volume is kept for a claim, by its name at least.
  static boolean isFor(PersistentVolume volume, PersistentVolumeClaim claim) {
    @Nullable ObjectReference reference = volume.getSpec().getClaimRef();
    return reference != null
        && claim.getMetadata().getName().equals(reference.getName())
        && claim.getMetadata().getNamespace().equals(reference.getNamespace())
        && (isEmpty(reference.getUid()) || claim.getMetadata().getUid().equals(reference.getUid()));
  }

  static String mode(@Nullable String volumeMode) {
    return volumeMode == null ? "Filesystem" : volumeMode;
  }

  static boolean sameMode(PersistentVolumeClaim claim, PersistentVolume volume) {
    return mode(claim.getSpec().getVolumeMode()).equals(mode(volume.getSpec().getVolumeMode()));
  }

  static BigDecimal size(PersistentVolume volume) {
    return amount(volume.getSpec().getCapacity());
  }

  static BigDecimal size(PersistentVolumeClaim claim) {
    return claim.getSpec().getResources() == null
        ? BigDecimal.ZERO
        : amount(claim.getSpec().getResources().getRequests());
  }

  static BigDecimal amount(@Nullable Map<String, Quantity> amounts) {
    @Nullable Quantity storage = amounts == null ? null : amounts.get(STORAGE);
    return storage == null ? BigDecimal.ZERO : storage.getNumericalAmount();
  }

  static String phase(PersistentVolume volume) {
    return volume.getStatus() == null ? "" : or(volume.getStatus().getPhase());
  }

  /// `Pending`, `Bound` or `Lost`; empty before anybody has said.
  public static String phase(PersistentVolumeClaim claim) {
    return claim.getStatus() == null ? "" : or(claim.getStatus().getPhase());
  }

  static String or(@Nullable String text) {
    return text == null ? "" : text;
  }

  static boolean isEmpty(@Nullable String text) {
    return text == null || text.isEmpty();
  }

  /// Whether nobody has bound the claim and finished that.
  public static boolean isOpen(PersistentVolumeClaim claim) {
    return !has(claim, COMPLETED);
  }
}
