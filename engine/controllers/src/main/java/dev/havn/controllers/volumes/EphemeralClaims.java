// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.volumes;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Events;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Reconciler;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaimTemplate;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Volume;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Makes the claims of pods' ephemeral volumes (KEP-1698): each is called after its pod and its
/// volume, and goes with the pod, which owns it.
public final class EphemeralClaims implements Reconciler {
  /// How long a claim of somebody else's is waited for to go, unless it is seen to.
  private static final Duration TAKEN = Duration.ofMinutes(1);

  private final Informer<Pod> pods;
  private final Informer<PersistentVolumeClaim> claims;
  private final Api api;
  private final Events events;

  public EphemeralClaims(
      Informer<Pod> pods, Informer<PersistentVolumeClaim> claims, Api api, Events events) {
    this.pods = pods;
    this.claims = claims;
    this.api = api;
    this.events = events;
  }

  /// Whether there is anything to make for a pod.
  public static boolean concerns(Pod pod) {
    return pod.getMetadata().getDeletionTimestamp() == null && !ephemeral(pod).isEmpty();
  }

  private static List<Volume> ephemeral(Pod pod) {
    return pod.getSpec().getVolumes().stream()
        .filter(volume -> volume.getEphemeral() != null)
        .toList();
  }

  @Override
  public Result reconcile(Key key) {
    @Nullable Pod pod = pods.get(key.namespace(), key.name());
    if (pod == null || !concerns(pod)) {
      return Result.DONE;
    }
    for (Volume volume : ephemeral(pod)) {
      String name = pod.getMetadata().getName() + "-" + volume.getName();
      @Nullable PersistentVolumeClaim claim = claims.get(key.namespace(), name);
      if (claim == null) {
        make(pod, volume, name);
      } else if (!isOwnedBy(claim, pod)) {
        tell(
            pod,
            volume,
            "PVC %s/%s was not created for pod %s/%s (pod is not owner)"
                .formatted(key.namespace(), name, key.namespace(), key.name()));
        return Result.after(TAKEN);
      }
    }
    return Result.DONE;
  }

  private void tell(Pod pod, Volume volume, String why) {
    events.warning(
        pod, "FailedBinding", "ephemeral volume %s: %s".formatted(volume.getName(), why));
  }

  static boolean isOwnedBy(PersistentVolumeClaim claim, Pod pod) {
    return claim.getMetadata().getOwnerReferences().stream()
        .anyMatch(
            owner ->
                Boolean.TRUE.equals(owner.getController())
                    && owner.getUid().equals(pod.getMetadata().getUid()));
  }

  private void make(Pod pod, Volume volume, String name) {
    PersistentVolumeClaimTemplate template = volume.getEphemeral().getVolumeClaimTemplate();
    ObjectNode claim = Api.object().put("kind", "PersistentVolumeClaim").put("apiVersion", "v1");
    ObjectNode metadata = claim.putObject("metadata").put("name", name);
    metadata.put("namespace", pod.getMetadata().getNamespace());
    if (template.getMetadata() != null) {
      metadata.set("labels", api.toTree(template.getMetadata().getLabels()));
      metadata.set("annotations", api.toTree(template.getMetadata().getAnnotations()));
    }
    metadata
        .putArray("ownerReferences")
        .addObject()
        .put("apiVersion", "v1")
        .put("kind", "Pod")
        .put("name", pod.getMetadata().getName())
        .put("uid", pod.getMetadata().getUid())
        .put("controller", true)
        .put("blockOwnerDeletion", true);
    claim.set("spec", api.toTree(template.getSpec()));
    String path = Api.path(PersistentVolumeClaim.class, pod.getMetadata().getNamespace(), "");
    try {
      api.create(path, claim.toString());
    } catch (Api.RefusedException e) {
      // The cache may not show yet what was made by an earlier look.
      boolean isMade =
          e.reason().equals("AlreadyExists")
              && api.find(path + "/" + name)
                  .map(found -> api.toModel(found, PersistentVolumeClaim.class))
                  .filter(found -> isOwnedBy(found, pod))
                  .isPresent();
      if (!isMade) {
        tell(pod, volume, "create PVC %s: %s".formatted(name, e.getMessage()));
        throw e;
      }
    }
  }
}
