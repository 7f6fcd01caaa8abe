// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.device;

import dev.havn.scheduler.state.PodFacts;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.PodResourceClaim;
import io.fabric8.kubernetes.api.model.PodResourceClaimStatus;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaim;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The claims that a pod uses: such that it names, and such that are made for it.
final class PodClaims {
  private PodClaims() {}

  static boolean hasAny(PodFacts pod) {
    List<PodResourceClaim> all = pod.pod().getSpec().getResourceClaims();
    return all != null && !all.isEmpty();
  }

  /// @throws Want.Unmet when one is not there, in kube-scheduler's words
  static List<ResourceClaim> of(PodFacts pod, Devices devices) throws Want.Unmet {
    List<ResourceClaim> claims = new ArrayList<>();
    for (PodResourceClaim each : pod.pod().getSpec().getResourceClaims()) {
      boolean made = each.getResourceClaimName() == null;
      @Nullable String name = made ? made(pod, each) : each.getResourceClaimName();
      if (name == null) {
        continue;
      }
      @Nullable ResourceClaim claim = devices.claim(pod.namespace() + "/" + name);
      if (claim == null) {
        throw new Want.Unmet("resourceclaim.resource.k8s.io \"%s\" not found".formatted(name));
      }
      if (claim.getMetadata().getDeletionTimestamp() != null) {
        throw new Want.Unmet("resourceclaim \"%s\" is being deleted".formatted(name));
      }
      if (made && !isOf(claim, pod)) {
        throw new Want.Unmet(
            "ResourceClaim %s was not created for pod %s/%s (pod is not owner)"
                .formatted(Grants.key(claim), pod.namespace(), pod.name()));
      }
      claims.add(claim);
    }
    return claims;
  }

  /// The name of the claim that was made from a template, or null when none is needed.
  private static @Nullable String made(PodFacts pod, PodResourceClaim claim) throws Want.Unmet {
    if (pod.pod().getStatus() != null) {
      for (PodResourceClaimStatus each : pod.pod().getStatus().getResourceClaimStatuses()) {
        if (each.getName().equals(claim.getName())) {
          return each.getResourceClaimName();
        }
      }
    }
    throw new Want.Unmet(
        "pod \"%s/%s\": ResourceClaim not created yet".formatted(pod.namespace(), pod.name()));
  }

  private static boolean isOf(ResourceClaim claim, PodFacts pod) {
    List<OwnerReference> owners = claim.getMetadata().getOwnerReferences();
    return owners != null
        && owners.stream()
            .anyMatch(
                each ->
                    Boolean.TRUE.equals(each.getController()) && pod.uid().equals(each.getUid()));
  }

  /// Whether a pod uses a claim.
  static boolean uses(PodFacts pod, ResourceClaim claim) {
    if (!pod.namespace().equals(claim.getMetadata().getNamespace())) {
      return false;
    }
    String name = claim.getMetadata().getName();
    boolean named =
        pod.pod().getSpec().getResourceClaims().stream()
            .anyMatch(each -> name.equals(each.getResourceClaimName()));
    return named
        || (pod.pod().getStatus() != null
            && pod.pod().getStatus().getResourceClaimStatuses().stream()
                .anyMatch(each -> name.equals(each.getResourceClaimName())));
  }

  static boolean isReservedFor(ResourceClaim claim, PodFacts pod) {
    return claim.getStatus() != null
        && claim.getStatus().getReservedFor().stream()
            .anyMatch(each -> pod.uid().equals(each.getUid()));
  }
}
