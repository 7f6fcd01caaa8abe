// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.plugin;

import dev.havn.scheduler.state.NodeState;
import dev.havn.scheduler.state.PodFacts;
import dev.havn.scheduler.state.PodKind;
import dev.havn.scheduler.state.PodSelector;
import dev.havn.scheduler.state.Selector;
import io.fabric8.kubernetes.api.model.TopologySpreadConstraint;
import java.util.List;

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

  /// Whether pods on a node count.
  boolean includes(PodFacts pod, NodeState node) {
    return (!honorsAffinity || NodeSelection.allows(pod.pod(), node))
        && (!honorsTaints || Tolerations.allow(pod.pod(), node.taints()));
  }

  /// Whether all nodes count, without looking at them.
  boolean includesAll(PodFacts pod) {
    return !honorsTaints && (!honorsAffinity || NodeSelection.isAny(pod.pod()));
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
