// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.claim;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodResourceClaim;
import io.fabric8.kubernetes.api.model.PodResourceClaimStatus;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceClaim;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Which claims a pod and its containers use.
final class PodClaims {
  private PodClaims() {}

  /// @param name of the object; empty where none is needed
  /// @param isMade whether it was made for the pod from a template, so that the pod must own it
  record Used(Optional<String> name, boolean isMade) {}

  /// @throws ClaimException when one has not been made yet
  static List<Used> of(Pod pod) throws ClaimException {
    List<Used> used = new ArrayList<>();
    for (PodResourceClaim each : claims(pod)) {
      used.add(used(pod, each));
    }
    extended(pod).ifPresent(name -> used.add(new Used(Optional.of(name), false)));
    return used;
  }

  static boolean hasAny(Pod pod) {
    return !claims(pod).isEmpty() || extended(pod).isPresent();
  }

  private static List<PodResourceClaim> claims(Pod pod) {
    return pod.getSpec().getResourceClaims() == null
        ? List.of()
        : pod.getSpec().getResourceClaims();
  }

  /// The claim that a scheduler made for extended resources (KEP-5004).
  private static Optional<String> extended(Pod pod) {
    return pod.getStatus() == null
        ? Optional.empty()
        : Optional.ofNullable(pod.getStatus().getExtendedResourceClaimStatus())
            .map(each -> each.getResourceClaimName());
  }

  private static Used used(Pod pod, PodResourceClaim claim) throws ClaimException {
    if (claim.getResourceClaimName() != null) {
      return new Used(Optional.of(claim.getResourceClaimName()), false);
    }
    if (pod.getStatus() != null) {
      for (PodResourceClaimStatus each : pod.getStatus().getResourceClaimStatuses()) {
        if (each.getName().equals(claim.getName())) {
          return new Used(Optional.ofNullable(each.getResourceClaimName()), true);
        }
      }
    }
    throw new ClaimException(
        "pod \"%s/%s\": ResourceClaim not created yet"
            .formatted(pod.getMetadata().getNamespace(), pod.getMetadata().getName()));
  }

  /// The requests of claims that a container uses, by name of the claim object; an empty request is
  /// the whole claim.
  static Map<String, List<String>> requests(Pod pod, Container container) throws ClaimException {
    Map<String, List<String>> requests = new LinkedHashMap<>();
    for (ResourceClaim wanted : wanted(container)) {
      for (PodResourceClaim each : claims(pod)) {
        if (each.getName().equals(wanted.getName())) {
          used(pod, each)
              .name()
              .ifPresent(
                  name ->
                      requests.computeIfAbsent(name, _ -> new ArrayList<>()).add(request(wanted)));
        }
      }
    }
    extended(pod)
        .ifPresent(
            name -> {
              for (String each : extended(pod, container)) {
                requests.computeIfAbsent(name, _ -> new ArrayList<>()).add(each);
              }
            });
    return requests;
  }

  static List<ResourceClaim> wanted(Container container) {
    return container.getResources() == null || container.getResources().getClaims() == null
        ? List.of()
        : container.getResources().getClaims();
  }

  static String request(ResourceClaim wanted) {
    return wanted.getRequest() == null ? "" : wanted.getRequest();
  }

  /// The name of the object behind a claim of a pod; empty as long as there is none.
  static Optional<String> name(Pod pod, String claim) {
    for (PodResourceClaim each : claims(pod)) {
      if (each.getName().equals(claim)) {
        try {
          return used(pod, each).name();
        } catch (ClaimException notYet) {
          return Optional.empty();
        }
      }
    }
    return Optional.empty();
  }

  private static List<String> extended(Pod pod, Container container) {
    @Nullable Map<String, Quantity> asked =
        container.getResources() == null ? null : container.getResources().getRequests();
    return asked == null
        ? List.of()
        : pod.getStatus().getExtendedResourceClaimStatus().getRequestMappings().stream()
            .filter(each -> container.getName().equals(each.getContainerName()))
            .filter(each -> asked.containsKey(each.getResourceName()))
            .map(each -> each.getRequestName())
            .toList();
  }
}
