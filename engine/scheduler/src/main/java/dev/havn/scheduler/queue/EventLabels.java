// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.queue;

import dev.havn.scheduler.plugin.Change;
import dev.havn.scheduler.plugin.Change.Aspect;
import dev.havn.scheduler.state.PodFacts;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Toleration;
import java.util.List;
import java.util.Objects;

/// What kube-scheduler's metrics call a change. Of a change with several sides it is the first in
/// the order in which kube-scheduler looks at them.
final class EventLabels {
  private EventLabels() {}

  static String of(Change change) {
    return switch (change) {
      case Change.OfNode node -> "Node" + ofNode(node);
      case Change.OfPod(var before, var after, _) -> {
        if (before == null) {
          yield "AssignedPodAdd";
        }
        yield "AssignedPod" + (after == null ? "Delete" : ofPod(before, after));
      }
      case Change.OfItself(var before, var after) -> "UnschedulablePod" + ofPod(before, after);
      case Change.OfObject(var before, var after) ->
          kind(after) + (before == null ? "Add" : "Update");
      case Change.OfGone(var object) -> kind(object) + "Delete";
    };
  }

  private static String ofNode(Change.OfNode node) {
    if (node.aspects().contains(Aspect.ADDED)) {
      return "Add";
    }
    if (node.aspects().contains(Aspect.ALLOCATABLE)) {
      return "UpdateNodeAllocatable";
    }
    if (node.aspects().contains(Aspect.LABELS)) {
      return "UpdateNodeLabel";
    }
    if (node.aspects().contains(Aspect.TAINTS)) {
      return "UpdateNodeTaint";
    }
    return node.aspects().contains(Aspect.FEATURES) ? "UpdateNodeDeclaredFeature" : "Delete";
  }

  private static String ofPod(PodFacts before, PodFacts after) {
    if (!before.labels().equals(after.labels())) {
      return "UpdatePodLabel";
    }
    if (!before.demand().amounts().equals(after.demand().amounts())) {
      return "UpdatePodScaleDown";
    }
    if (tolerations(before.pod()).size() != tolerations(after.pod()).size()) {
      return "UpdatePodToleration";
    }
    return claims(before.pod()).equals(claims(after.pod()))
        ? "Update"
        : "UpdatePodGeneratedResourceClaim";
  }

  private static List<Toleration> tolerations(Pod pod) {
    return Objects.requireNonNullElse(pod.getSpec().getTolerations(), List.of());
  }

  private static List<?> claims(Pod pod) {
    return pod.getStatus() == null
        ? List.of()
        : Objects.requireNonNullElse(pod.getStatus().getResourceClaimStatuses(), List.of());
  }

  /// With its group before it, but for that of pods.
  private static String kind(HasMetadata object) {
    String version = object.getApiVersion();
    int slash = version.indexOf('/');
    return slash < 0 ? object.getKind() : version.substring(0, slash) + "/" + object.getKind();
  }
}
