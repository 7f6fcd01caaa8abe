// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.plugin;

import dev.havn.scheduler.state.NodeRule;
import dev.havn.scheduler.state.PodFacts;
import dev.havn.scheduler.state.PodKind;
import dev.havn.scheduler.state.PodSelector;
import dev.havn.scheduler.state.Selector;
import io.fabric8.kubernetes.api.model.TopologySpreadConstraint;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// A constraint on how unevenly pods of a kind may stand over the domains of a topology.
///
/// @param minDomains below which the emptiest domain counts as empty
/// @param honorsAffinity whether only nodes that the pod selects count
/// @param honorsTaints whether only nodes whose taints the pod tolerates count
record SpreadConstraint(
    String topologyKey,
    int maxSkew,
    int minDomains,
    Selector selector,
    boolean honorsAffinity,
    boolean honorsTaints) {

  static SpreadConstraint of(TopologySpreadConstraint said, Selector selector) {
    return new SpreadConstraint(
        said.getTopologyKey(),
        said.getMaxSkew(),
        said.getMinDomains() == null ? 1 : said.getMinDomains(),
        selector,
        !"Ignore".equals(said.getNodeAffinityPolicy()),
        "Honor".equals(said.getNodeTaintsPolicy()));
  }

  /// Which nodes count for a pod, or null for all.
  ///
  /// @param keys labels that a node must have beside
  @Nullable NodeRule nodes(PodFacts pod, Set<String> keys) {
    boolean bySelection = honorsAffinity && !NodeSelection.isAny(pod.pod());
    if (keys.isEmpty() && !bySelection && !honorsTaints) {
      return null;
    }
    @Nullable Map<String, String> selector = pod.pod().getSpec().getNodeSelector();
    return new SpreadNodes(
        keys,
        bySelection && selector != null ? selector : Map.of(),
        bySelection ? NodeSelection.required(pod.pod()) : null,
        honorsTaints ? pod.pod().getSpec().getTolerations() : null);
  }

  PodKind kind(PodFacts pod) {
    return new PodKind(List.of(PodSelector.in(pod.namespace(), selector)), true);
  }

  /// Whether a pod is counted that stands beside `pod`.
  boolean counts(PodFacts other, PodFacts pod) {
    return !other.isLeaving()
        && other.namespace().equals(pod.namespace())
        && selector.matches(other.labels());
  }
}
