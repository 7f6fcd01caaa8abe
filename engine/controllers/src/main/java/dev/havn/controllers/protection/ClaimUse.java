// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.protection;

import dev.havn.reconcile.Api;
import dev.havn.reconcile.Informer;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Volume;
import java.util.List;
import java.util.function.Predicate;

/// Whether a claim is used by a pod that has a node. Pods without one do not count: no node starts
/// a pod whose claim is being deleted.
///
/// The cache may not show yet that a pod was bound, so what it says is unused is asked of the API
/// before the claim goes.
public final class ClaimUse implements Predicate<PersistentVolumeClaim> {
  private final ClaimPods pods;
  private final Api api;

  public ClaimUse(Informer<Pod> pods, Api api) {
    this.pods = ClaimPods.of(pods);
    this.api = api;
  }

  @Override
  public boolean test(PersistentVolumeClaim claim) {
    String namespace = claim.getMetadata().getNamespace();
    return pods.of(namespace, claim.getMetadata().getName()).stream()
            .anyMatch(pod -> uses(pod, claim))
        || api.list(Pod.class, namespace).stream().anyMatch(pod -> uses(pod, claim));
  }

  /// The names of the claims that a pod mounts.
  public static List<String> names(Pod pod) {
    return pod.getSpec().getVolumes().stream()
        .filter(
            volume -> volume.getPersistentVolumeClaim() != null || volume.getEphemeral() != null)
        .map(volume -> name(pod, volume))
        .toList();
  }

  private static boolean uses(Pod pod, PersistentVolumeClaim claim) {
    String node = pod.getSpec().getNodeName();
    return node != null
        && !node.isEmpty()
        && pod.getSpec().getVolumes().stream()
            .anyMatch(
                volume ->
                    volume.getPersistentVolumeClaim() != null
                        ? name(pod, volume).equals(claim.getMetadata().getName())
                        : volume.getEphemeral() != null
                            && !isShutDown(pod)
                            && name(pod, volume).equals(claim.getMetadata().getName())
                            && isMadeFor(pod, claim));
  }

  /// The claim of an ephemeral volume is named after its pod (KEP-1698).
  private static String name(Pod pod, Volume volume) {
    return volume.getPersistentVolumeClaim() != null
        ? volume.getPersistentVolumeClaim().getClaimName()
        : pod.getMetadata().getName() + "-" + volume.getName();
  }

  private static boolean isMadeFor(Pod pod, PersistentVolumeClaim claim) {
    return claim.getMetadata().getOwnerReferences().stream()
        .anyMatch(
            owner ->
                Boolean.TRUE.equals(owner.getController())
                    && owner.getUid().equals(pod.getMetadata().getUid()));
  }

  /// Such a pod waits for its finalizers only, which may wait for the claim.
  private static boolean isShutDown(Pod pod) {
    ObjectMeta metadata = pod.getMetadata();
    return metadata.getDeletionTimestamp() != null
        && metadata.getDeletionGracePeriodSeconds() != null
        && metadata.getDeletionGracePeriodSeconds() == 0;
  }
}
