// SPDX-License-Identifier: Apache-2.0
package dev.havn.reconcile;

import io.fabric8.kubernetes.api.model.Affinity;
import io.fabric8.kubernetes.api.model.NodeSelector;
import io.fabric8.kubernetes.api.model.NodeSelectorRequirement;
import io.fabric8.kubernetes.api.model.NodeSelectorTerm;
import io.fabric8.kubernetes.api.model.PodSpec;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Whether nodes are selected by labels and names.
public final class NodeSelectors {
  private static final Pattern NUMBER = Pattern.compile("-?[0-9]{1,18}");

  private NodeSelectors() {}

  /// Whether a pod's node selector and required node affinity, if it has them, select a node.
  ///
  /// @param labels of the node
  public static boolean allow(PodSpec spec, String node, Map<String, String> labels) {
    @Nullable Map<String, String> wanted = spec.getNodeSelector();
    return (wanted == null || labels.entrySet().containsAll(wanted.entrySet()))
        && matches(required(spec.getAffinity()), node, labels);
  }

  private static @Nullable NodeSelector required(@Nullable Affinity affinity) {
    return affinity == null || affinity.getNodeAffinity() == null
        ? null
        : affinity.getNodeAffinity().getRequiredDuringSchedulingIgnoredDuringExecution();
  }

  /// Whether one of the terms matches; no selector matches every node.
  public static boolean matches(
      @Nullable NodeSelector selector, String node, Map<String, String> labels) {
    if (selector == null) {
      return true;
    }
    for (NodeSelectorTerm term : selector.getNodeSelectorTerms()) {
      if (matches(term, node, labels)) {
        return true;
      }
    }
    return false;
  }

  /// A term without requirements matches nothing.
  public static boolean matches(NodeSelectorTerm term, String node, Map<String, String> labels) {
    if (term.getMatchExpressions().isEmpty() && term.getMatchFields().isEmpty()) {
      return false;
    }
    for (NodeSelectorRequirement each : term.getMatchExpressions()) {
      if (!matches(each, labels.get(each.getKey()))) {
        return false;
      }
    }
    for (NodeSelectorRequirement each : term.getMatchFields()) {
      if (!each.getKey().equals("metadata.name") || !matches(each, node)) {
        return false;
      }
    }
    return true;
  }

  private static boolean matches(NodeSelectorRequirement requirement, @Nullable String value) {
    List<String> values = requirement.getValues();
    return switch (requirement.getOperator()) {
      case "In" -> value != null && values.contains(value);
      case "NotIn" -> value == null || !values.contains(value);
      case "Exists" -> value != null;
      case "DoesNotExist" -> value == null;
      case "Gt" -> compare(value, values) > 0;
      case "Lt" -> compare(value, values) < 0;
      default -> false;
    };
  }

  /// Zero for what is no number.
  private static int compare(@Nullable String value, List<String> values) {
    return value == null
            || values.isEmpty()
            || !NUMBER.matcher(value).matches()
            || !NUMBER.matcher(values.getFirst()).matches()
        ? 0
        : Long.compare(Long.parseLong(value), Long.parseLong(values.getFirst()));
  }
}
