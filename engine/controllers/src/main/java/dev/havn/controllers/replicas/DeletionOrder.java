// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.replicas;

import io.fabric8.kubernetes.api.model.Pod;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Which pods go first when there are too many: those whose loss costs least. In order: not yet on
/// a node, less far in their phase, not Ready, cheaper by
/// `controller.kubernetes.io/pod-deletion-cost` (KEP-2255), on a node with more pods of the same
/// set, Ready for a shorter time (by powers of two, KEP-2185), restarted more often, younger.
final class DeletionOrder {
  static final String DELETION_COST = "controller.kubernetes.io/pod-deletion-cost";

  private DeletionOrder() {}

  /// The `count` pods of `candidates` to delete.
  ///
  /// @param related pods of all sets of the same owner, by which crowding on nodes is counted
  static List<Pod> choose(List<Pod> candidates, List<Pod> related, int count, Instant now) {
    if (count >= candidates.size()) {
      return candidates;
    }
    Map<String, Integer> perNode = new HashMap<>();
    for (Pod pod : related) {
      if (pod.getSpec().getNodeName() != null && PodState.isActive(pod)) {
        perNode.merge(pod.getSpec().getNodeName(), 1, Integer::sum);
      }
    }
    List<Pod> ordered = new ArrayList<>(candidates);
    ordered.sort(order(perNode, now));
    return ordered.subList(0, count);
  }

  private static Comparator<Pod> order(Map<String, Integer> perNode, Instant now) {
    return Comparator.comparing((Pod pod) -> isSet(pod.getSpec().getNodeName()))
        .thenComparingInt(DeletionOrder::phaseRank)
        .thenComparing(PodState::isReady)
        .thenComparingLong(DeletionOrder::cost)
        .thenComparing(Comparator.comparingInt((Pod pod) -> crowding(pod, perNode)).reversed())
        .thenComparingInt(pod -> readyBucket(pod, now))
        .thenComparing(Comparator.comparingInt(PodState::restarts).reversed())
        .thenComparing(Comparator.comparing((Pod pod) -> created(pod)).reversed())
        .thenComparing(pod -> pod.getMetadata().getName());
  }

  private static boolean isSet(@Nullable String text) {
    return text != null && !text.isEmpty();
  }

  private static int phaseRank(Pod pod) {
    return switch (PodState.phase(pod)) {
      case "Pending" -> 0;
      case "Unknown" -> 1;
      default -> 2;
    };
  }

  private static long cost(Pod pod) {
    Map<String, String> annotations = pod.getMetadata().getAnnotations();
    String text = annotations == null ? null : annotations.get(DELETION_COST);
    if (text == null || !text.matches("0|-[0-9]{1,18}|[1-9][0-9]{0,9}")) {
      return 0;
    }
    return Long.parseLong(text);
  }

  private static int crowding(Pod pod, Map<String, Integer> perNode) {
    String node = pod.getSpec().getNodeName();
    return node == null ? 0 : perNode.getOrDefault(node, 0);
  }

  /// Longer Ready sorts later; a pod that is not Ready has no bucket.
  private static int readyBucket(Pod pod, Instant now) {
    return PodState.readySince(pod)
        .map(
            since ->
                64
                    - Long.numberOfLeadingZeros(
                        Math.max(0, now.getEpochSecond() - since.getEpochSecond())))
        .orElse(0);
  }

  private static String created(Pod pod) {
    String created = pod.getMetadata().getCreationTimestamp();
    return created == null ? "" : created;
  }
}
