// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.devices;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Reconciler;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaim;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaimConsumerReference;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaimStatus;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Gives devices back: strikes pods that are done from those a claim is kept for, takes the
/// allocation away after the last one, and deletes a claim that was made for a pod which is done.
public final class ClaimReconciler implements Reconciler {
  private static final String FINALIZER = "resource.kubernetes.io/delete-protection";

  private final Informer<ResourceClaim> claims;
  private final Informer<Pod> pods;
  private final Api api;

  public ClaimReconciler(Informer<ResourceClaim> claims, Informer<Pod> pods, Api api) {
    this.claims = claims;
    this.pods = pods;
    this.api = api;
  }

  @Override
  public Result reconcile(Key key) {
    @Nullable ResourceClaim claim = claims.get(key.namespace(), key.name());
    if (claim == null) {
      return Result.DONE;
    }
    List<ResourceClaimConsumerReference> users =
        claim.getStatus() == null ? List.of() : claim.getStatus().getReservedFor();
    List<ResourceClaimConsumerReference> left =
        users.stream().filter(each -> isUsing(key.namespace(), each)).toList();
    boolean isHeld = claim.getMetadata().getFinalizers().contains(FINALIZER);
    boolean isDeleted = claim.getMetadata().getDeletionTimestamp() != null;
    if (left.size() < users.size() || (isHeld && isDeleted && left.isEmpty())) {
      giveBack(claim, left, isHeld);
    }
    if (left.isEmpty() && isLeftOver(claim)) {
      api.delete(Api.path(ResourceClaim.class, key.namespace(), key.name()), Api.object());
    }
    return Result.DONE;
  }

  /// Users of other kinds are others' to strike. A pod that the cache does not show may be too new
  /// for it.
  private boolean isUsing(String namespace, ResourceClaimConsumerReference user) {
    boolean isPod =
        (user.getApiGroup() == null || user.getApiGroup().isEmpty())
            && user.getResource().equals("pods");
    if (!isPod) {
      return true;
    }
    @Nullable Pod pod = pods.get(namespace, user.getName());
    if (pod != null) {
      return pod.getMetadata().getUid().equals(user.getUid()) && !PodClaims.isDone(pod);
    }
    return api.find(Api.path(Pod.class, namespace, user.getName()))
        .filter(now -> now.path("metadata").path("uid").asText().equals(user.getUid()))
        .isPresent();
  }

  private void giveBack(
      ResourceClaim claim, List<ResourceClaimConsumerReference> left, boolean isHeld) {
    @Nullable ResourceClaimStatus known = claim.getStatus();
    ObjectNode status = known == null ? Api.object() : (ObjectNode) api.toTree(known);
    JsonNode before = status.deepCopy();
    if (left.isEmpty()) {
      status.remove("reservedFor");
      if (isHeld) {
        status.remove("allocation");
      }
    } else {
      status.set("reservedFor", api.toTree(left));
    }
    JsonNode stands = status.equals(before) ? api.toTree(claim) : api.updateStatus(claim, status);
    if (isHeld && !stands.path("status").has("allocation")) {
      release(claim, (ObjectNode) stands);
    }
  }

  private void release(ResourceClaim claim, ObjectNode stands) {
    ObjectNode metadata = stands.withObjectProperty("metadata");
    ArrayNode kept = Api.object().putArray("finalizers");
    for (JsonNode each : metadata.path("finalizers")) {
      if (!each.asText().equals(FINALIZER)) {
        kept.add(each);
      }
    }
    metadata.set("finalizers", kept);
    api.update(
        Api.path(
            ResourceClaim.class, claim.getMetadata().getNamespace(), claim.getMetadata().getName()),
        stands);
  }

  /// Whether the pod that a claim was made for will not want it; where the pod is gone the garbage
  /// collector sees to it.
  private boolean isLeftOver(ResourceClaim claim) {
    Optional<OwnerReference> owner =
        claim.getMetadata().getOwnerReferences().stream()
            .filter(
                each ->
                    Boolean.TRUE.equals(each.getController())
                        && each.getApiVersion().equals("v1")
                        && each.getKind().equals("Pod"))
            .findFirst();
    @Nullable Pod pod =
        owner
            .map(each -> pods.get(claim.getMetadata().getNamespace(), each.getName()))
            .orElse(null);
    return owner.isPresent()
        && pod != null
        && (!pod.getMetadata().getUid().equals(owner.get().getUid()) || PodClaims.isDone(pod));
  }
}
