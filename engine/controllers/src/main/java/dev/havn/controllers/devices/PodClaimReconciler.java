// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.devices;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.controllers.replicas.Controlled;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Doubling;
import dev.havn.reconcile.Events;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.PendingWrites;
import dev.havn.reconcile.Reconciler;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodResourceClaim;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaim;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaimTemplate;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// Makes the claims that a pod wants from templates, and keeps allocated ones for a pod that was
/// given a node by somebody else than the scheduler.
public final class PodClaimReconciler implements Reconciler {
  /// When a template that is not there is asked for again.
  private static final Doubling NO_TEMPLATE =
      new Doubling(Duration.ofMillis(5), Duration.ofSeconds(1_000));

  private final Informer<Pod> pods;
  private final Informer<ResourceClaim> claims;
  private final Controlled<ResourceClaim> controlled;
  private final PendingWrites pending = new PendingWrites();

  /// How often in a row a template of a pod was not there.
  private final Map<Key, Integer> failures = new ConcurrentHashMap<>();

  private final Api templates;
  private final Api api;
  private final Events events;

  /// @param templates the API for somebody who may list templates: the role of this controller may
  ///   not
  public PodClaimReconciler(
      Informer<Pod> pods, Informer<ResourceClaim> claims, Api templates, Api api, Events events) {
    this.pods = pods;
    this.claims = claims;
    this.controlled = Controlled.of(claims);
    this.templates = templates;
    this.api = api;
    this.events = events;
  }

  @Override
  public Result reconcile(Key key) {
    @Nullable Pod pod = pods.get(key.namespace(), key.name());
    if (pod == null || pod.getMetadata().getDeletionTimestamp() != null || PodClaims.isDone(pod)) {
      pending.forget(key);
      failures.remove(key);
      return Result.DONE;
    }
    // Names are made up by the API: what the cache does not show yet would be made twice.
    if (!pending.isSeen(key)) {
      return Result.after(PendingWrites.CACHES_CATCH_UP);
    }
    Map<String, String> made = new LinkedHashMap<>();
    for (PodResourceClaim each : PodClaims.claims(pod)) {
      if (isMissing(pod, each)) {
        Optional<String> name = make(pod, each);
        if (name.isEmpty()) {
          // What was made is said with the rest: the pod has all of its claims, or none.
          return Result.after(NO_TEMPLATE.after(failures.merge(key, 1, Integer::sum)));
        }
        made.put(each.getName(), name.get());
      }
    }
    failures.remove(key);
    if (!made.isEmpty()) {
      say(pod, made);
    }
    if (pod.getSpec().getNodeName() != null) {
      reserve(pod);
    }
    return Result.DONE;
  }

  private boolean isMissing(Pod pod, PodResourceClaim podClaim) {
    if (podClaim.getResourceClaimTemplateName() == null) {
      return false;
    }
    if (PodClaims.statusOf(pod, podClaim).isEmpty()) {
      return true;
    }
    Optional<String> name = PodClaims.nameOf(pod, podClaim);
    if (name.isEmpty()) {
      return false;
    }
    @Nullable ResourceClaim claim = claims.get(pod.getMetadata().getNamespace(), name.get());
    return claim == null || !PodClaims.isOwned(claim, pod);
  }

  /// @return the name of the claim, empty when there is no template
  private Optional<String> make(Pod pod, PodResourceClaim podClaim) {
    String namespace = pod.getMetadata().getNamespace();
    Optional<String> known =
        controlled.by(pod.getMetadata()).stream()
            .filter(claim -> PodClaims.isMadeFor(claim, pod, podClaim))
            .map(claim -> claim.getMetadata().getName())
            .findFirst();
    if (known.isPresent()) {
      return known;
    }
    String name = podClaim.getResourceClaimTemplateName();
    JsonNode template = template(namespace, name);
    if (template.isMissingNode()) {
      failed(
          pod,
          podClaim,
          "resource claim template \"%s\": resourceclaimtemplate.resource.k8s.io \"%s\" not found"
              .formatted(name, name));
      return Optional.empty();
    }
    try {
      ObjectNode claim = claim(pod, podClaim, template.path("spec"));
      JsonNode made = api.create(Api.path(ResourceClaim.class, namespace, ""), claim.toString());
      pending.wrote(Informer.keyOf(pod), claims, made);
      return Optional.of(made.path("metadata").path("name").asText());
    } catch (Api.RefusedException e) {
      failed(pod, podClaim, "create ResourceClaim : " + e.getMessage());
      throw e;
    }
  }

  private JsonNode template(String namespace, String name) {
    return templates
        .get(
            Api.path(ResourceClaimTemplate.class, namespace, "")
                + "?fieldSelector=metadata.name%3D"
                + name)
        .path("items")
        .path(0);
  }

  private void failed(Pod pod, PodResourceClaim podClaim, String why) {
    events.warning(
        pod,
        "FailedResourceClaimCreation",
        "PodResourceClaim %s: %s".formatted(podClaim.getName(), why));
  }

  private static ObjectNode claim(Pod pod, PodResourceClaim podClaim, JsonNode template) {
    ObjectNode claim =
        Api.object().put("kind", "ResourceClaim").put("apiVersion", "resource.k8s.io/v1");
    ObjectNode metadata = claim.putObject("metadata");
    metadata.put("generateName", PodClaims.prefix(pod.getMetadata().getName(), podClaim.getName()));
    if (template.path("metadata").has("labels")) {
      metadata.set("labels", template.path("metadata").path("labels"));
    }
    ObjectNode annotations = metadata.putObject("annotations");
    template
        .path("metadata")
        .path("annotations")
        .properties()
        .forEach(each -> annotations.set(each.getKey(), each.getValue()));
    annotations.put(PodClaims.OF_POD_CLAIM, podClaim.getName());
    metadata
        .putArray("ownerReferences")
        .addObject()
        .put("apiVersion", "v1")
        .put("kind", "Pod")
        .put("name", pod.getMetadata().getName())
        .put("uid", pod.getMetadata().getUid())
        .put("controller", true);
    claim.set("spec", template.path("spec"));
    return claim;
  }

  private void say(Pod pod, Map<String, String> made) {
    ObjectNode patch = Api.object();
    patch.putObject("metadata").put("uid", pod.getMetadata().getUid());
    ArrayNode statuses = patch.putObject("status").putArray("resourceClaimStatuses");
    made.forEach(
        (name, claim) -> statuses.addObject().put("name", name).put("resourceClaimName", claim));
    api.patchStrategic(
        Api.path(Pod.class, pod.getMetadata().getNamespace(), pod.getMetadata().getName())
            + "/status",
        patch);
  }

  private void reserve(Pod pod) {
    for (PodResourceClaim each : PodClaims.claims(pod)) {
      @Nullable ResourceClaim claim =
          PodClaims.nameOf(pod, each)
              .map(name -> claims.get(pod.getMetadata().getNamespace(), name))
              .orElse(null);
      boolean isOurs =
          claim != null
              && (each.getResourceClaimTemplateName() == null || PodClaims.isOwned(claim, pod));
      if (claim != null && isOurs && isUnreserved(claim, pod)) {
        ObjectNode status = (ObjectNode) api.toTree(claim.getStatus());
        status
            .withArrayProperty("reservedFor")
            .addObject()
            .put("resource", "pods")
            .put("name", pod.getMetadata().getName())
            .put("uid", pod.getMetadata().getUid());
        api.updateStatus(claim, status);
      }
    }
  }

  private static boolean isUnreserved(ResourceClaim claim, Pod pod) {
    return claim.getStatus() != null
        && claim.getStatus().getAllocation() != null
        && claim.getStatus().getReservedFor().stream()
            .noneMatch(each -> pod.getMetadata().getUid().equals(each.getUid()));
  }
}
