// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.statefulset;

import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// One write that a set wants.
sealed interface Step {

  /// Make the claims of a pod that are not there.
  ///
  /// @param leaving names of those that are there, but are being deleted: no pod can use them
  /// @param verb what is being done to the pod, for the event that tells of a failure; null for
  ///   nothing
  record MakeClaims(
      Pod pod, List<PersistentVolumeClaim> missing, List<String> leaving, @Nullable String verb)
      implements Step {}

  /// Give a claim its owners.
  ///
  /// @param tells whether a failure is told as one of the pod's update
  record OwnClaim(Pod pod, PersistentVolumeClaim claim, List<OwnerReference> owners, boolean tells)
      implements Step {}

  /// Tell that somebody else controls a claim.
  record WarnOfConflict(PersistentVolumeClaim claim) implements Step {}

  record CreatePod(Pod pod) implements Step {}

  /// Give a pod its identity and its volumes back.
  record RepairPod(Pod pod, boolean identity, boolean storage) implements Step {}

  record DeletePod(Pod pod) implements Step {}
}
