// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.admission;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.resource.Objects;
import dev.havn.schema.ResourceType;
import dev.havn.schema.validate.Quantity;
import java.math.BigDecimal;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// What a ResourceClaim takes of a quota: devices by their class, and by the extended resource that
/// the class stands for (KEP-5004). What the pod of a claim that the scheduler made has asked for
/// is the pod's already and not counted twice.
record ClaimUsage(Objects objects) {
  static final String OF_CLASS = ".deviceclass.resource.k8s.io/devices";

  private static final String REQUESTS = "requests.";
  private static final String IMPLICIT = REQUESTS + "deviceclass.resource.kubernetes.io/";
  private static final String VERSION = "resource.k8s.io/v1";
  private static final String MADE = "resource.kubernetes.io/extended-resource-claim";

  /// Counted for all devices that there are, however many.
  private static final long ALL = 32;

  static boolean concerns(ResourceType type) {
    return type.group().equals("resource.k8s.io") && type.plural().equals("resourceclaims");
  }

  Map<String, Quantity> of(ObjectNode claim, String namespace) {
    Map<String, Quantity> usage = new TreeMap<>();
    Map<String, Quantity> ofPod = ofPod(claim, namespace);
    byClass(claim)
        .forEach(
            (kind, devices) -> {
              usage.put(kind + OF_CLASS, quantity(devices));
              @Nullable ObjectNode found = objects.read(VERSION, "deviceclasses", "", kind);
              if (found == null) {
                return;
              }
              String resource = found.path("spec").path("extendedResourceName").asText("");
              rest(usage, ofPod, IMPLICIT + kind, devices);
              if (!resource.isEmpty()) {
                rest(usage, ofPod, REQUESTS + resource, devices);
              }
            });
    return usage;
  }

  private static void rest(
      Map<String, Quantity> usage, Map<String, Quantity> ofPod, String name, long devices) {
    @Nullable Quantity had = ofPod.get(name);
    long rest = devices - (had == null ? 0 : had.amount().longValue());
    if (rest > 0) {
      // Where a claim has devices of two classes that stand for one resource Kubernetes counts
      // either of them.
      usage.merge(
          name,
          quantity(rest),
          (one, other) -> one.amount().compareTo(other.amount()) < 0 ? other : one);
    }
  }

  private static Quantity quantity(long amount) {
    return new Quantity(BigDecimal.valueOf(amount), Quantity.Format.DECIMAL_SI);
  }

  /// Of alternatives the most that a class may have to give.
  private static Map<String, Long> byClass(ObjectNode claim) {
    Map<String, Long> all = new TreeMap<>();
    for (JsonNode request : claim.path("spec").path("devices").path("requests")) {
      Map<String, Long> most = new TreeMap<>();
      for (JsonNode each : request.path("firstAvailable")) {
        most.merge(each.path("deviceClassName").asText(), devices(each), Math::max);
      }
      if (request.has("exactly")) {
        JsonNode exactly = request.path("exactly");
        most.merge(exactly.path("deviceClassName").asText(), devices(exactly), Math::max);
      }
      most.forEach((kind, devices) -> all.merge(kind, devices, Long::sum));
    }
    return all;
  }

  private static long devices(JsonNode request) {
    return request.path("allocationMode").asText("").equals("All")
        ? ALL
        : request.path("count").asLong(1);
  }

  private Map<String, Quantity> ofPod(ObjectNode claim, String namespace) {
    if (!isMade(claim)) {
      return Map.of();
    }
    for (JsonNode owner : claim.path("metadata").path("ownerReferences")) {
      if (owner.path("controller").asBoolean()
          && owner.path("kind").asText().equals("Pod")
          && owner.path("apiVersion").asText().equals("v1")) {
        @Nullable ObjectNode pod =
            objects.read("v1", "pods", namespace, owner.path("name").asText());
        return pod != null && isOf(claim, pod, owner.path("uid").asText(), namespace)
            ? QuotaUsage.of(objects.registry().get("v1", "pods"), pod)
            : Map.of();
      }
    }
    return Map.of();
  }

  private static boolean isMade(JsonNode claim) {
    return claim.path("metadata").path("annotations").path(MADE).asText("").equals("true");
  }

  /// Whether the claim is the one that was made for a pod: the one that it names, or the first.
  private boolean isOf(ObjectNode claim, ObjectNode pod, String uid, String namespace) {
    if (!pod.path("metadata").path("uid").asText().equals(uid)) {
      return false;
    }
    JsonNode named =
        pod.path("status").path("extendedResourceClaimStatus").path("resourceClaimName");
    if (!named.isMissingNode()) {
      return named.asText().equals(claim.path("metadata").path("name").asText());
    }
    return objects.list(VERSION, "resourceclaims", namespace).stream()
        .filter(ClaimUsage::isMade)
        .filter(
            each ->
                each.path("metadata").path("ownerReferences").findValuesAsText("uid").contains(uid))
        .noneMatch(each -> isBefore(each.path("metadata"), claim.path("metadata")));
  }

  private static boolean isBefore(JsonNode one, JsonNode other) {
    int order =
        one.path("creationTimestamp")
            .asText("")
            .compareTo(other.path("creationTimestamp").asText("~"));
    return order < 0
        || (order == 0 && one.path("name").asText().compareTo(other.path("name").asText()) < 0);
  }
}
