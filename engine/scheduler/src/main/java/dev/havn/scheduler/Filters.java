// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Taint;
import io.fabric8.kubernetes.api.model.Toleration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Why a pod cannot run on a node, in kube-scheduler's words and order. The first filter that
/// refuses speaks, but for resources, which say all that is missing.
final class Filters {
  private static final Taint UNSCHEDULABLE =
      new Taint("NoSchedule", "node.kubernetes.io/unschedulable", null, "");

  private Filters() {}

  /// @param evictable whether fewer pods on the node could make room
  record Refusal(String message, boolean evictable) {}

  /// What a filter sees of a pod.
  record Candidate(Pod pod, Demand demand) {}

  private interface Filter {
    List<Refusal> refusals(Candidate candidate, NodeState node);
  }

  private static final List<Filter> ALL =
      List.of(
          Filters::unschedulable,
          Filters::taints,
          Filters::affinity,
          Filters::ports,
          Filters::resources);

  /// Empty when the pod fits.
  static List<Refusal> refusals(Candidate candidate, NodeState node) {
    for (Filter filter : ALL) {
      List<Refusal> refusals = filter.refusals(candidate, node);
      if (!refusals.isEmpty()) {
        return refusals;
      }
    }
    return List.of();
  }

  private static List<Refusal> unschedulable(Candidate candidate, NodeState node) {
    return node.isCordoned() && !tolerates(candidate.pod(), UNSCHEDULABLE)
        ? List.of(new Refusal("node(s) were unschedulable", false))
        : List.of();
  }

  private static List<Refusal> taints(Candidate candidate, NodeState node) {
    for (Taint taint : node.taints()) {
      if (!taint.getEffect().equals("PreferNoSchedule") && !tolerates(candidate.pod(), taint)) {
        return List.of(new Refusal("node(s) had untolerated taint(s)", false));
      }
    }
    return List.of();
  }

  private static List<Refusal> affinity(Candidate candidate, NodeState node) {
    return NodeAffinities.allows(candidate.pod(), node)
        ? List.of()
        : List.of(new Refusal("node(s) didn't match Pod's node affinity/selector", false));
  }

  private static List<Refusal> ports(Candidate candidate, NodeState node) {
    return candidate.demand().ports().stream().allMatch(node::isFree)
        ? List.of()
        : List.of(new Refusal("node(s) didn't have free ports for the requested pod ports", true));
  }

  private static List<Refusal> resources(Candidate candidate, NodeState node) {
    List<Refusal> refusals = new ArrayList<>();
    if (node.pods() + 1 > node.allocatable("pods")) {
      refusals.add(new Refusal("Too many pods", true));
    }
    candidate
        .demand()
        .amounts()
        .forEach(
            (name, amount) -> {
              if (amount > 0 && amount > node.free(name)) {
                refusals.add(new Refusal("Insufficient " + name, amount <= node.allocatable(name)));
              }
            });
    return refusals;
  }

  static boolean tolerates(Pod pod, Taint taint) {
    return pod.getSpec().getTolerations().stream().anyMatch(each -> tolerates(each, taint));
  }

  private static boolean tolerates(Toleration toleration, Taint taint) {
    if (!orEmpty(toleration.getEffect()).isEmpty()
        && !toleration.getEffect().equals(taint.getEffect())) {
      return false;
    }
    String operator = orEmpty(toleration.getOperator());
    boolean exists = operator.equals("Exists");
    if (orEmpty(toleration.getKey()).isEmpty()) {
      return exists;
    }
    if (!toleration.getKey().equals(taint.getKey())) {
      return false;
    }
    return switch (operator) {
      case "Exists" -> true;
      case "", "Equal" -> orEmpty(toleration.getValue()).equals(orEmpty(taint.getValue()));
      default -> false;
    };
  }

  private static String orEmpty(@Nullable String text) {
    return text == null ? "" : text;
  }
}
