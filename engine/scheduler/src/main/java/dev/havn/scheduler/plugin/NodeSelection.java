// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.plugin;

import dev.havn.reconcile.NodeSelectors;
import dev.havn.scheduler.state.NodeState;
import io.fabric8.kubernetes.api.model.NodeAffinity;
import io.fabric8.kubernetes.api.model.NodeSelector;
import io.fabric8.kubernetes.api.model.NodeSelectorRequirement;
import io.fabric8.kubernetes.api.model.NodeSelectorTerm;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Whether nodes are selected by labels and names.
public final class NodeSelection {
  private NodeSelection() {}

  /// Whether a pod's node selector and required node affinity, if it has them, select a node.
  static boolean allows(Pod pod, NodeState node) {
    return matches(pod.getSpec().getNodeSelector(), node) && matches(required(pod), node);
  }

  static boolean matches(@Nullable Map<String, String> labels, NodeState node) {
    return labels == null
        || labels.isEmpty()
        || node.labels().entrySet().containsAll(labels.entrySet());
  }

  /// Whether a pod may stand on any node as far as this goes.
  static boolean isAny(Pod pod) {
    @Nullable Map<String, String> selector = pod.getSpec().getNodeSelector();
    return (selector == null || selector.isEmpty()) && required(pod) == null;
  }

  static @Nullable NodeAffinity affinity(Pod pod) {
    return pod.getSpec().getAffinity() == null
        ? null
        : pod.getSpec().getAffinity().getNodeAffinity();
  }

  static @Nullable NodeSelector required(Pod pod) {
    @Nullable NodeAffinity affinity = affinity(pod);
    return affinity == null ? null : affinity.getRequiredDuringSchedulingIgnoredDuringExecution();
  }

  /// Whether one of the terms matches; no selector matches every node.
  public static boolean matches(@Nullable NodeSelector selector, NodeState node) {
    return NodeSelectors.matches(selector, node.name(), node.labels());
  }

  /// A term without requirements matches nothing.
  static boolean matches(NodeSelectorTerm term, NodeState node) {
    return NodeSelectors.matches(term, node.name(), node.labels());
  }

  /// The nodes that a selector names, when each of its terms names some; null otherwise.
  static @Nullable Set<String> named(@Nullable NodeSelector selector) {
    if (selector == null || selector.getNodeSelectorTerms().isEmpty()) {
      return null;
    }
    Set<String> named = new HashSet<>();
    for (NodeSelectorTerm term : selector.getNodeSelectorTerms()) {
      @Nullable Set<String> ofTerm = null;
      for (NodeSelectorRequirement each : term.getMatchFields()) {
        if (each.getKey().equals("metadata.name") && each.getOperator().equals("In")) {
          Set<String> values = new HashSet<>(each.getValues());
          if (ofTerm == null) {
            ofTerm = values;
          } else {
            ofTerm.retainAll(values);
          }
        }
      }
      if (ofTerm == null) {
        return null;
      }
      named.addAll(ofTerm);
    }
    return named;
  }
}
