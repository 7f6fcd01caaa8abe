// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.statefulset;

import dev.havn.controllers.replicas.PodTemplates;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Who owns a claim, so that the garbage collector takes it when the set or the pod goes
/// (KEP-1847). The policy names at most one owner: the set, whose end takes the claims of all
/// ordinals that it has, or the pod, whose end after a scale-down takes its own.
///
/// @param owners as they should be, null for a claim that stays as it is
/// @param conflicting whether somebody else controls the claim, who then decides alone
record Retention(@Nullable List<OwnerReference> owners, boolean conflicting) {
  private enum Owner {
    NONE,
    SET,
    POD
  }

  static Retention of(Desired desired, Pod pod, PersistentVolumeClaim claim) {
    StatefulSet set = desired.set();
    List<OwnerReference> owners = claim.getMetadata().getOwnerReferences();
    boolean conflicting = isConflicting(desired, pod, owners);
    if (isStale(owners, set, pod)) {
      return new Retention(null, conflicting);
    }
    boolean setOwns = owns(owners, set.getMetadata().getUid());
    boolean podOwns = owns(owners, pod.getMetadata().getUid());
    Owner wanted = conflicting ? Owner.NONE : wanted(desired, Identity.ordinal(pod));
    if (setOwns == (wanted == Owner.SET)
        && podOwns == (wanted == Owner.POD)
        && (conflicting || !isHalfOwned(owners, set, pod))) {
      return new Retention(null, conflicting);
    }
    List<OwnerReference> changed = new ArrayList<>(owners);
    changed.removeIf(each -> names(each, set) || names(each, pod));
    switch (wanted) {
      case NONE -> {}
      case SET -> changed.add(PodTemplates.controller("apps/v1", "StatefulSet", set.getMetadata()));
      case POD -> changed.add(PodTemplates.controller("v1", "Pod", pod.getMetadata()));
    }
    return new Retention(changed, conflicting);
  }

  private static Owner wanted(Desired desired, long ordinal) {
    if (desired.deletesClaimsWhenScaled() && !desired.contains(ordinal)) {
      return Owner.POD;
    }
    return desired.deletesClaimsWhenDeleted() ? Owner.SET : Owner.NONE;
  }

  /// Whether a claim belonged to a former pod of this name, and is about to go after it: a new pod
  /// has to wait for that.
  static boolean isOfFormerPod(Desired desired, Pod pod, PersistentVolumeClaim claim) {
    return desired.deletesClaimsWhenScaled()
        && claim.getMetadata().getOwnerReferences().stream()
            .filter(each -> names(each, pod))
            .findFirst()
            .filter(each -> !each.getUid().equals(pod.getMetadata().getUid()))
            .isPresent();
  }

  private static boolean isConflicting(Desired desired, Pod pod, List<OwnerReference> owners) {
    if (!desired.deletesClaimsWhenScaled() && !desired.deletesClaimsWhenDeleted()) {
      return false;
    }
    for (OwnerReference each : owners) {
      if (names(each, desired.set())) {
        if (!each.getUid().equals(desired.set().getMetadata().getUid())) {
          return true;
        }
      } else if (names(each, pod)) {
        if (!each.getUid().equals(pod.getMetadata().getUid())) {
          return true;
        }
      } else if (Boolean.TRUE.equals(each.getController())) {
        return true;
      }
    }
    return false;
  }

  /// Whether a former set or pod of the same name owns the claim.
  private static boolean isStale(List<OwnerReference> owners, StatefulSet set, Pod pod) {
    return owners.stream()
            .filter(each -> names(each, set))
            .findFirst()
            .filter(each -> !each.getUid().equals(set.getMetadata().getUid()))
            .isPresent()
        || owners.stream()
            .filter(each -> names(each, pod))
            .findFirst()
            .filter(each -> !each.getUid().equals(pod.getMetadata().getUid()))
            .isPresent();
  }

  /// Whether set or pod own the claim without controlling it.
  private static boolean isHalfOwned(List<OwnerReference> owners, StatefulSet set, Pod pod) {
    return owners.stream()
        .filter(
            each ->
                each.getUid().equals(set.getMetadata().getUid())
                    || each.getUid().equals(pod.getMetadata().getUid()))
        .anyMatch(each -> !Boolean.TRUE.equals(each.getController()));
  }

  private static boolean owns(List<OwnerReference> owners, @Nullable String uid) {
    return owners.stream().anyMatch(each -> each.getUid().equals(uid));
  }

  private static boolean names(OwnerReference reference, StatefulSet set) {
    return is(reference, "apps/v1", "StatefulSet", set.getMetadata().getName());
  }

  private static boolean names(OwnerReference reference, Pod pod) {
    return is(reference, "v1", "Pod", pod.getMetadata().getName());
  }

  private static boolean is(OwnerReference reference, String apiVersion, String kind, String name) {
    return reference.getApiVersion().equals(apiVersion)
        && reference.getKind().equals(kind)
        && reference.getName().equals(name);
  }
}
