// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler;

import io.fabric8.kubernetes.api.model.NodeAffinity;
import io.fabric8.kubernetes.api.model.NodeSelector;
import io.fabric8.kubernetes.api.model.NodeSelectorRequirement;
import io.fabric8.kubernetes.api.model.NodeSelectorTerm;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PreferredSchedulingTerm;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Node selectors and node affinity of pods.
final class NodeAffinities {
  private NodeAffinities() {}

  static boolean allows(Pod pod, NodeState node) {
    Map<String, String> selector = pod.getSpec().getNodeSelector();
    if (selector != null && !node.labels().entrySet().containsAll(selector.entrySet())) {
      return false;
    }
    @Nullable NodeAffinity affinity = of(pod);
    @Nullable NodeSelector required =
        affinity == null ? null : affinity.getRequiredDuringSchedulingIgnoredDuringExecution();
    return required == null
        || required.getNodeSelectorTerms().stream().anyMatch(term -> matches(term, node));
  }

  /// The sum of the weights of the preferences that a node meets.
  static long preference(Pod pod, NodeState node) {
    @Nullable NodeAffinity affinity = of(pod);
    if (affinity == null) {
      return 0;
    }
    long weight = 0;
    for (PreferredSchedulingTerm each :
        affinity.getPreferredDuringSchedulingIgnoredDuringExecution()) {
      weight += matches(each.getPreference(), node) ? each.getWeight() : 0;
    }
    return weight;
  }

  private static @Nullable NodeAffinity of(Pod pod) {
    return pod.getSpec().getAffinity() == null
        ? null
        : pod.getSpec().getAffinity().getNodeAffinity();
  }

  /// A term without requirements matches nothing.
  private static boolean matches(NodeSelectorTerm term, NodeState node) {
    if (term.getMatchExpressions().isEmpty() && term.getMatchFields().isEmpty()) {
      return false;
    }
    return term.getMatchExpressions().stream()
            .allMatch(each -> matches(each, node.labels().get(each.getKey())))
        && term.getMatchFields().stream()
            .allMatch(each -> each.getKey().equals("metadata.name") && matches(each, node.name()));
  }

  private static boolean matches(NodeSelectorRequirement requirement, @Nullable String value) {
    List<String> values = requirement.getValues();
    return switch (requirement.getOperator()) {
      case "In" -> value != null && values.contains(value);
      case "NotIn" -> value == null || !values.contains(value);
      case "Exists" -> value != null;
      case "DoesNotExist" -> value == null;
      case "Gt" -> isNumber(value) && compare(value, values) > 0;
      case "Lt" -> isNumber(value) && compare(value, values) < 0;
      default -> false;
    };
  }

  private static int compare(@Nullable String value, List<String> values) {
    return value == null || values.isEmpty() || !isNumber(values.getFirst())
        ? 0
        : Long.compare(Long.parseLong(value), Long.parseLong(values.getFirst()));
  }

  private static boolean isNumber(@Nullable String value) {
    return value != null && value.matches("-?[0-9]{1,18}");
  }
}
