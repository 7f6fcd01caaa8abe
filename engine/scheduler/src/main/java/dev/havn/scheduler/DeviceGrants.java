// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;
import dev.havn.scheduler.device.Grant;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaim;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.List;

/// Writes to claims what they get and for whom they are kept, before the pod gets its node.
final class DeviceGrants {
  private static final String FINALIZER = "resource.kubernetes.io/delete-protection";
  private static final int TRIES_MAX = 5;

  private final Api api;
  private final InstantSource clock;

  DeviceGrants(Api api, InstantSource clock) {
    this.api = api;
    this.clock = clock;
  }

  private static String path(ResourceClaim claim) {
    return Api.path(
        ResourceClaim.class, claim.getMetadata().getNamespace(), claim.getMetadata().getName());
  }

  private static String name(ResourceClaim claim) {
    return claim.getMetadata().getNamespace() + "/" + claim.getMetadata().getName();
  }

  /// @throws IllegalStateException says in kube-scheduler's words what kept it from being written
  void write(Pod pod, List<Grant> grants) {
    grants.forEach(each -> write(pod, each));
  }

  private void write(Pod pod, Grant grant) {
    for (int attempt = 1; ; attempt++) {
      try {
        tryWrite(pod, grant);
        return;
      } catch (Api.RefusedException e) {
        if (!e.isStale() || attempt == TRIES_MAX) {
          throw new IllegalStateException(
              "add %s to claim %s: %s"
                  .formatted(
                      grant.allocation() == null ? "reservation" : "allocation and reservation",
                      name(grant.claim()),
                      e.getMessage()),
              e);
        }
      }
    }
  }

  private void tryWrite(Pod pod, Grant grant) {
    String path = path(grant.claim());
    ObjectNode claim = (ObjectNode) api.get(path);
    if (claim.path("metadata").has("deletionTimestamp")) {
      throw new IllegalStateException(
          "claim " + name(grant.claim()) + " got deleted in the meantime");
    }
    if (grant.allocation() != null) {
      if (claim.path("status").has("allocation")) {
        throw new IllegalStateException(
            "claim " + name(grant.claim()) + " got allocated elsewhere in the meantime");
      }
      claim = withFinalizer(path, claim);
      ObjectNode allocation = (ObjectNode) api.toTree(grant.allocation());
      allocation.put(
          "allocationTimestamp", clock.instant().truncatedTo(ChronoUnit.SECONDS).toString());
      claim.withObjectProperty("status").set("allocation", allocation);
    }
    claim
        .withObjectProperty("status")
        .withArrayProperty("reservedFor")
        .addObject()
        .put("resource", "pods")
        .put("name", pod.getMetadata().getName())
        .put("uid", pod.getMetadata().getUid());
    api.update(path + "/status", claim);
  }

  /// Keeps the claim from going while it has devices.
  private ObjectNode withFinalizer(String path, ObjectNode claim) {
    ArrayNode finalizers = claim.withObjectProperty("metadata").withArrayProperty("finalizers");
    for (JsonNode each : finalizers) {
      if (each.asText().equals(FINALIZER)) {
        return claim;
      }
    }
    finalizers.add(FINALIZER);
    return (ObjectNode) api.update(path, claim);
  }

  /// A pod did not get its node: its claims are kept for it no longer.
  void takeBack(Pod pod, List<ResourceClaim> claims) {
    for (ResourceClaim each : claims) {
      ObjectNode patch = Api.object();
      patch.putObject("metadata").put("uid", each.getMetadata().getUid());
      patch
          .putObject("status")
          .putArray("reservedFor")
          .addObject()
          .put("$patch", "delete")
          .put("uid", pod.getMetadata().getUid());
      api.strategicMerge(path(each) + "/status", patch);
    }
  }

  /// Takes a claim's devices, so that it can be given others.
  void deallocate(ResourceClaim claim) {
    ObjectNode patch = Api.object();
    patch
        .putObject("metadata")
        .put("uid", claim.getMetadata().getUid())
        .put("resourceVersion", claim.getMetadata().getResourceVersion());
    patch.putObject("status").putNull("allocation").putNull("reservedFor").putNull("devices");
    api.merge(path(claim) + "/status", patch);
  }
}
