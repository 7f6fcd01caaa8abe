// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.quota;

import dev.havn.controllers.replicas.PodState;
import dev.havn.reconcile.Informer;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.resource.v1.DeviceClaim;
import io.fabric8.kubernetes.api.model.resource.v1.DeviceClass;
import io.fabric8.kubernetes.api.model.resource.v1.DeviceRequest;
import io.fabric8.kubernetes.api.model.resource.v1.DeviceSubRequest;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaim;
import java.math.BigDecimal;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What ResourceClaims take of a quota: devices by their class, and by the extended resource that
/// the class stands for (KEP-5004). What the pod of a claim that the scheduler made has asked for
/// is the pod's already and not counted twice.
public record DeviceClaims(
    Informer<ResourceClaim> claims, Informer<DeviceClass> classes, Informer<Pod> pods) {
  static final String OF_CLASS = ".deviceclass.resource.k8s.io/devices";

  private static final String REQUESTS = "requests.";
  private static final String IMPLICIT = REQUESTS + "deviceclass.resource.kubernetes.io/";
  private static final String MADE = "resource.kubernetes.io/extended-resource-claim";

  /// Counted for all devices that there are, however many.
  private static final long ALL = 32;

  private static final Comparator<HasMetadata> FIRST =
      Comparator.<HasMetadata, String>comparing(each -> each.getMetadata().getCreationTimestamp())
          .thenComparing(each -> each.getMetadata().getName());

  /// @param resource of a class, or an extended one as quotas name it (`requests.…`)
  BigDecimal of(String namespace, String resource) {
    long sum = 0;
    for (ResourceClaim each : claims.list(namespace)) {
      sum +=
          resource.endsWith(OF_CLASS)
              ? devices(each, resource.substring(0, resource.length() - OF_CLASS.length()))
              : extended(each, resource);
    }
    return BigDecimal.valueOf(sum);
  }

  private long extended(ResourceClaim claim, String resource) {
    long all = 0;
    for (DeviceClass each : classes.list("")) {
      String kind = each.getMetadata().getName();
      @Nullable String named = each.getSpec().getExtendedResourceName();
      boolean isNamed = named != null && resource.equals(REQUESTS + named);
      if (isNamed || resource.equals(IMPLICIT + kind)) {
        // Where a claim has devices of two classes that stand for one resource Kubernetes counts
        // either of them.
        all = Math.max(all, devices(claim, kind));
      }
    }
    return all == 0 ? 0 : Math.max(0, all - ofPod(claim, resource));
  }

  private static long devices(ResourceClaim claim, String kind) {
    long sum = 0;
    for (DeviceRequest each : requests(claim)) {
      if (each.getExactly() != null) {
        sum +=
            devices(
                kind,
                each.getExactly().getDeviceClassName(),
                each.getExactly().getAllocationMode(),
                each.getExactly().getCount());
      }
      long most = 0;
      for (DeviceSubRequest one : each.getFirstAvailable()) {
        most =
            Math.max(
                most,
                devices(kind, one.getDeviceClassName(), one.getAllocationMode(), one.getCount()));
      }
      sum += most;
    }
    return sum;
  }

  /// The API leaves out what is empty, or says null, of a claim that asks for nothing.
  private static List<DeviceRequest> requests(ResourceClaim claim) {
    @Nullable DeviceClaim asked = claim.getSpec() == null ? null : claim.getSpec().getDevices();
    @Nullable List<DeviceRequest> requests = asked == null ? null : asked.getRequests();
    return requests == null ? List.of() : requests;
  }

  private static long devices(
      String kind, String asked, @Nullable String mode, @Nullable Long count) {
    return !kind.equals(asked) ? 0 : "All".equals(mode) ? ALL : count == null ? 1 : count;
  }

  private long ofPod(ResourceClaim claim, String resource) {
    Optional<OwnerReference> owner =
        isMade(claim)
            ? claim.getMetadata().getOwnerReferences().stream()
                .filter(each -> Boolean.TRUE.equals(each.getController()))
                .filter(each -> each.getKind().equals("Pod") && each.getApiVersion().equals("v1"))
                .findFirst()
            : Optional.empty();
    @Nullable Pod pod =
        owner
            .map(each -> pods.get(claim.getMetadata().getNamespace(), each.getName()))
            .orElse(null);
    if (pod == null
        || PodState.isFinished(pod)
        || !owner.get().getUid().equals(pod.getMetadata().getUid())
        || !isOf(claim, pod)) {
      return 0;
    }
    return new PodAmounts(pod, false, resource.substring(REQUESTS.length())).total().longValue();
  }

  private static boolean isMade(ResourceClaim claim) {
    @Nullable Map<String, String> annotations = claim.getMetadata().getAnnotations();
    return annotations != null && "true".equals(annotations.get(MADE));
  }

  /// Whether the claim is the one that was made for a pod: the one that it names, or the first.
  private boolean isOf(ResourceClaim claim, Pod pod) {
    if (pod.getStatus() != null && pod.getStatus().getExtendedResourceClaimStatus() != null) {
      return claim
          .getMetadata()
          .getName()
          .equals(pod.getStatus().getExtendedResourceClaimStatus().getResourceClaimName());
    }
    List<ResourceClaim> all = claims.list(claim.getMetadata().getNamespace());
    return all.stream()
        .filter(DeviceClaims::isMade)
        .filter(
            each ->
                each.getMetadata().getOwnerReferences().stream()
                    .anyMatch(owner -> owner.getUid().equals(pod.getMetadata().getUid())))
        .noneMatch(each -> FIRST.compare(each, claim) < 0);
  }
}
