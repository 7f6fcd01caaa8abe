// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.daemonset;

import io.fabric8.kubernetes.api.model.Affinity;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeSelector;
import io.fabric8.kubernetes.api.model.NodeSelectorRequirement;
import io.fabric8.kubernetes.api.model.NodeSelectorTerm;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.Taint;
import io.fabric8.kubernetes.api.model.Toleration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Whether a node takes a daemon.
///
/// @param runs whether a pod is to be there
/// @param stays whether a pod that is there may remain
record NodeFit(boolean runs, boolean stays) {
  private static final NodeFit NEVER = new NodeFit(false, false);
  private static final Set<String> KEEPING_OUT = Set.of("NoSchedule", "NoExecute");
  private static final Set<String> DRIVING_OUT = Set.of("NoExecute");
  private static final Pattern NUMBER = Pattern.compile("-?[0-9]{1,18}");

  static NodeFit of(Desired desired, Node node) {
    PodSpec spec = desired.podSpec();
    @Nullable String fixed = spec.getNodeName();
    boolean isElsewhere =
        fixed != null && !fixed.isEmpty() && !fixed.equals(node.getMetadata().getName());
    if (isElsewhere || !isSelected(spec, node)) {
      return NEVER;
    }
    List<Taint> taints = node.getSpec() == null ? List.of() : node.getSpec().getTaints();
    List<Toleration> tolerations = Tolerations.of(spec);
    return new NodeFit(
        Tolerations.allow(tolerations, taints, KEEPING_OUT),
        Tolerations.allow(tolerations, taints, DRIVING_OUT));
  }

  private static boolean isSelected(PodSpec spec, Node node) {
    Map<String, String> labels =
        node.getMetadata().getLabels() == null ? Map.of() : node.getMetadata().getLabels();
    if (spec.getNodeSelector() != null
        && !labels.entrySet().containsAll(spec.getNodeSelector().entrySet())) {
      return false;
    }
    @Nullable NodeSelector required = required(spec.getAffinity());
    return required == null
        || required.getNodeSelectorTerms().stream()
            .anyMatch(term -> matches(term, node.getMetadata().getName(), labels));
  }

  private static @Nullable NodeSelector required(@Nullable Affinity affinity) {
    return affinity == null || affinity.getNodeAffinity() == null
        ? null
        : affinity.getNodeAffinity().getRequiredDuringSchedulingIgnoredDuringExecution();
  }

  /// A term without requirements matches nothing.
  private static boolean matches(NodeSelectorTerm term, String name, Map<String, String> labels) {
    if (term.getMatchExpressions().isEmpty() && term.getMatchFields().isEmpty()) {
      return false;
    }
    return term.getMatchExpressions().stream()
            .allMatch(each -> matches(each, labels.get(each.getKey())))
        && term.getMatchFields().stream()
            .allMatch(each -> each.getKey().equals("metadata.name") && matches(each, name));
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
            || values.size() != 1
            || !NUMBER.matcher(value).matches()
            || !NUMBER.matcher(values.getFirst()).matches()
        ? 0
        : Long.compare(Long.parseLong(value), Long.parseLong(values.getFirst()));
  }
}
