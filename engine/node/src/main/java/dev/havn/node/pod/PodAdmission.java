// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import dev.havn.node.pod.PodStatusOf.Ending;
import dev.havn.node.runtime.ContainerRuntime.Feature;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSecurityContext;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Pods that a node does not take, since it could not keep what they ask for, or is in no state to.
final class PodAdmission {
  /// Of every node.
  private static final String OS = "linux";

  private PodAdmission() {}

  /// Whether a pod is for a node like this at all, in the kubelet's words. Of its system its label
  /// speaks before its field does, not its selector; and not any more once it has begun, since
  /// labels change.
  ///
  /// @param features of the node's runtime
  static Optional<Ending> refusal(Pod pod, Set<Feature> features) {
    if (!hasBegun(pod) && !OS.equals(labelled(pod))) {
      return Optional.of(
          new Ending(
              "PodOSSelectorNodeLabelDoesNotMatch",
              "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label"));
    }
    if (pod.getSpec().getOs() != null && !OS.equals(pod.getSpec().getOs().getName())) {
      return Optional.of(
          new Ending(
              "PodOSNotSupported", "Failed to admit pod as the OS field doesn't match node OS"));
    }
    @Nullable PodSecurityContext whole = pod.getSpec().getSecurityContext();
    if (whole != null
        && "Strict".equals(whole.getSupplementalGroupsPolicy())
        && !features.contains(Feature.GROUPS_POLICY)) {
      return Optional.of(
          new Ending(
              "SupplementalGroupsPolicyNotSupported",
              "SupplementalGroupsPolicy=Strict is not supported in this node"));
    }
    return Optional.empty();
  }

  private static String labelled(Pod pod) {
    return pod.getMetadata().getLabels() == null
        ? OS
        : pod.getMetadata().getLabels().getOrDefault("kubernetes.io/os", OS);
  }

  /// Whether some node has taken the pod already.
  static boolean hasBegun(Pod pod) {
    return pod.getStatus() != null && pod.getStatus().getStartTime() != null;
  }

  /// A node that goes down takes no new pods.
  static Optional<Ending> refusal(Pod pod, boolean isGoingDown) {
    return !isGoingDown || hasBegun(pod)
        ? Optional.empty()
        : Optional.of(new Ending("NodeShutdown", "Pod was rejected as the node is shutting down."));
  }

  /// A node that is short of something takes no new pods that may make it worse. Those that have
  /// begun stay.
  ///
  /// @param pressures the conditions that say what the node is short of
  static Optional<Ending> refusal(Pod pod, List<String> pressures) {
    if (pressures.isEmpty() || hasBegun(pod) || EvictionPlan.isCritical(pod)) {
      return Optional.empty();
    }
    boolean onlyMemory = pressures.equals(List.of("MemoryPressure"));
    boolean isModest =
        pod.getStatus() != null && !"BestEffort".equals(pod.getStatus().getQosClass());
    boolean tolerates =
        pod.getSpec().getTolerations().stream()
            .anyMatch(
                each ->
                    "node.kubernetes.io/memory-pressure".equals(each.getKey())
                        || (each.getKey() == null && "Exists".equals(each.getOperator())));
    return onlyMemory && (isModest || tolerates)
        ? Optional.empty()
        : Optional.of(
            new Ending(
                EvictionPlan.REASON,
                "The node had condition: [" + String.join(" ", pressures) + "]. "));
  }
}
