// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;
import dev.havn.scheduler.device.ExtendedClaim;
import dev.havn.scheduler.device.Grant;
import io.fabric8.kubernetes.api.model.ContainerExtendedResourceRequest;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaim;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Writes to claims what they get and for whom they are kept, before the pod gets its node.
final class DeviceGrants {
  private static final String FINALIZER = "resource.kubernetes.io/delete-protection";
  private static final int TRIES_MAX = 5;
  private static final Logger LOG = LoggerFactory.getLogger(DeviceGrants.class);

  private final Api api;
  private final DeviceCache devices;
  private final InstantSource clock;

  DeviceGrants(Api api, DeviceCache devices, InstantSource clock) {
    this.api = api;
    this.devices = devices;
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
  void write(Hold hold) {
    Pod pod = hold.pod().pod();
    @Nullable ExtendedClaim extended = hold.devices().extended();
    for (Grant each : hold.devices().grants()) {
      if (extended != null && each.claim() == extended.claim()) {
        ResourceClaim made = make(extended.claim());
        hold.claims().add(made);
        devices.made(extended.claim(), made);
        write(pod, new Grant(made, each.allocation()));
        show(pod, made, extended.mappings());
      } else {
        write(pod, each);
      }
    }
  }

  private ResourceClaim make(ResourceClaim planned) {
    ObjectNode claim = (ObjectNode) api.toTree(planned);
    claim.withObjectProperty("metadata").remove("uid");
    String namespace = planned.getMetadata().getNamespace();
    try {
      String path = "/apis/resource.k8s.io/v1/namespaces/" + namespace + "/resourceclaims";
      return api.toModel(api.create(path, claim.toString()), ResourceClaim.class);
    } catch (Api.RefusedException e) {
      throw new IllegalStateException(
          "create claim for extended resources %s/: %s".formatted(namespace, e.getMessage()), e);
    }
  }

  /// Says in the pod's status which requests of the claim give its containers what they ask for.
  private void show(Pod pod, ResourceClaim claim, List<ContainerExtendedResourceRequest> mappings) {
    ObjectNode patch = Api.patchOf(pod);
    ObjectNode status = patch.putObject("status").putObject("extendedResourceClaimStatus");
    status.put("resourceClaimName", claim.getMetadata().getName());
    status.set("requestMappings", api.toTree(mappings));
    try {
      api.strategicMerge(Reports.path(pod) + "/status", patch);
    } catch (Api.RefusedException e) {
      throw new IllegalStateException(
          "update pod %s/%s ExtendedResourceClaimStatus: %s"
              .formatted(
                  pod.getMetadata().getNamespace(), pod.getMetadata().getName(), e.getMessage()),
          e);
    }
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

  /// A pod did not get its node: its claims are kept for it no longer, and what was made for it
  /// goes. The devices of a claim that nobody else uses go back, too: if the pod went before it is
  /// tried again nobody would take them. Where devices had to become ready they stay, as with
  /// kube-scheduler. May be repeated.
  ///
  /// @throws RuntimeException when it is not known whether that was done
  void takeBack(Hold hold) {
    for (ResourceClaim each : hold.claims()) {
      boolean hasDevices = false;
      try {
        hasDevices = takeBack(hold, each);
      } catch (Api.RefusedException e) {
        if (UnclearBindings.isUnclear(e)) {
          throw e;
        }
        if (!e.isGone()) {
          LOG.warn("claim {} stays reserved for a pod without a node", name(each), e);
        }
      }
      if (!hasDevices) {
        devices.release(each);
      }
    }
    if (hold.devices().extended() != null) {
      devices.release(hold.devices().extended().claim());
    }
  }

  /// Whether the claim still has devices: others must not get them before the watch shows it, even
  /// if the answer to that was lost.
  private boolean takeBack(Hold hold, ResourceClaim claim) {
    if (ExtendedClaim.isOne(claim)) {
      delete(claim);
      return false;
    }
    ObjectNode patch = Api.patchOf(claim);
    patch
        .putObject("status")
        .putArray("reservedFor")
        .addObject()
        .put("$patch", "delete")
        .put("uid", hold.pod().uid());
    ResourceClaim left =
        api.toModel(api.strategicMerge(path(claim) + "/status", patch), ResourceClaim.class);
    devices.answered(left);
    if (left.getStatus() == null || left.getStatus().getAllocation() == null) {
      return false;
    }
    if (hold.devices().waits() || !left.getStatus().getReservedFor().isEmpty()) {
      return true;
    }
    try {
      deallocate(left);
      return false;
    } catch (Api.RefusedException e) {
      if (e.isStale()) {
        return true;
      }
      throw e;
    }
  }

  private void delete(ResourceClaim claim) {
    String path = path(claim);
    for (int attempt = 1; ; attempt++) {
      @Nullable JsonNode now = api.find(path).orElse(null);
      if (now == null) {
        return;
      }
      try {
        api.update(path, withoutFinalizer((ObjectNode) now));
        api.delete(path, Api.object());
        return;
      } catch (Api.RefusedException e) {
        if (e.isGone()) {
          return;
        }
        if (!e.isStale() || attempt == TRIES_MAX) {
          throw e;
        }
      }
    }
  }

  private static ObjectNode withoutFinalizer(ObjectNode claim) {
    ArrayNode others = JsonNodeFactory.instance.arrayNode();
    for (JsonNode each : claim.path("metadata").path("finalizers")) {
      if (!each.asText().equals(FINALIZER)) {
        others.add(each);
      }
    }
    claim.withObjectProperty("metadata").set("finalizers", others);
    return claim;
  }

  /// Takes a claim's devices, so that it can be given others. One for extended resources goes.
  void deallocate(ResourceClaim claim) {
    if (ExtendedClaim.isOne(claim)) {
      delete(claim);
      return;
    }
    ObjectNode patch = Api.object();
    patch
        .putObject("metadata")
        .put("uid", claim.getMetadata().getUid())
        .put("resourceVersion", claim.getMetadata().getResourceVersion());
    patch.putObject("status").putNull("allocation").putNull("reservedFor").putNull("devices");
    devices.answered(api.toModel(api.merge(path(claim) + "/status", patch), ResourceClaim.class));
  }
}
