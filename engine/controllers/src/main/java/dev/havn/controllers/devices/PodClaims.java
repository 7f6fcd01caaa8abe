// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.devices;

import dev.havn.controllers.replicas.PodState;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodResourceClaim;
import io.fabric8.kubernetes.api.model.PodResourceClaimStatus;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaim;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Which claims are a pod's.
public final class PodClaims {
  static final String OF_POD_CLAIM = "resource.kubernetes.io/pod-claim-name";
  private static final int NAME_CHARS_MAX = 57;

  private PodClaims() {}

  public static boolean has(Pod pod) {
    return !claims(pod).isEmpty()
        || (pod.getStatus() != null && pod.getStatus().getExtendedResourceClaimStatus() != null);
  }

  static List<PodResourceClaim> claims(Pod pod) {
    @Nullable List<PodResourceClaim> claims = pod.getSpec().getResourceClaims();
    return claims == null ? List.of() : claims;
  }

  /// The names of the claims that a pod is known to have.
  public static List<String> names(Pod pod) {
    List<String> names = new ArrayList<>();
    for (PodResourceClaim each : claims(pod)) {
      nameOf(pod, each).ifPresent(names::add);
    }
    if (pod.getStatus() != null && pod.getStatus().getExtendedResourceClaimStatus() != null) {
      names.add(pod.getStatus().getExtendedResourceClaimStatus().getResourceClaimName());
    }
    return names;
  }

  /// Of one that is made from a template its status says it, once it is made. Empty too where the
  /// status says that none is needed.
  static Optional<String> nameOf(Pod pod, PodResourceClaim claim) {
    return claim.getResourceClaimName() != null
        ? Optional.of(claim.getResourceClaimName())
        : statusOf(pod, claim)
            .flatMap(status -> Optional.ofNullable(status.getResourceClaimName()));
  }

  static Optional<PodResourceClaimStatus> statusOf(Pod pod, PodResourceClaim claim) {
    @Nullable List<PodResourceClaimStatus> statuses =
        pod.getStatus() == null ? null : pod.getStatus().getResourceClaimStatuses();
    return statuses == null
        ? Optional.empty()
        : statuses.stream().filter(each -> each.getName().equals(claim.getName())).findFirst();
  }

  /// Whether the API has made a claim for this pod.
  static boolean isOwned(ResourceClaim claim, Pod pod) {
    return claim.getMetadata().getOwnerReferences().stream()
        .anyMatch(
            owner ->
                Boolean.TRUE.equals(owner.getController())
                    && owner.getUid().equals(pod.getMetadata().getUid()));
  }

  static boolean isMadeFor(ResourceClaim claim, Pod pod, PodResourceClaim podClaim) {
    return isOwned(claim, pod)
        && claim.getMetadata().getAnnotations() != null
        && podClaim.getName().equals(claim.getMetadata().getAnnotations().get(OF_POD_CLAIM));
  }

  /// What the name of a claim begins with; both parts are cut by the same share when it is long.
  static String prefix(String pod, String claim) {
    String prefix = pod + "-" + claim + "-";
    int length = prefix.length();
    return length <= NAME_CHARS_MAX
        ? prefix
        : pod.substring(0, pod.length() * NAME_CHARS_MAX / length)
            + "-"
            + claim.substring(0, claim.length() * NAME_CHARS_MAX / length);
  }

  /// Whether a pod will never run, or never again.
  public static boolean isDone(Pod pod) {
    @Nullable String node = pod.getSpec().getNodeName();
    return PodState.isFinished(pod)
        || (pod.getMetadata().getDeletionTimestamp() != null && (node == null || node.isEmpty()));
  }
}
