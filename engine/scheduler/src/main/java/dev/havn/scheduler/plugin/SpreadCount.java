// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.plugin;

import dev.havn.scheduler.state.ClusterState;
import dev.havn.scheduler.state.NodeRule;
import dev.havn.scheduler.state.PodFacts;
import dev.havn.scheduler.state.Tally;
import dev.havn.scheduler.state.Topology;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// How many pods of a constraint's kind stand in each domain, on nodes that count for it: what the
/// cluster's state keeps, so that it is up to date also while it is tried who has to go.
record SpreadCount(SpreadConstraint constraint, Topology topology, Tally tally) {

  /// @param keys labels that a node must have to count
  static SpreadCount of(
      SpreadConstraint constraint, PodFacts pod, ClusterState cluster, Set<String> keys) {
    String key = constraint.topologyKey();
    @Nullable NodeRule rule = constraint.nodes(pod, keys);
    Topology counted = rule == null ? cluster.topology(key) : cluster.topology(key, rule);
    return new SpreadCount(
        constraint, cluster.topology(key), cluster.count(constraint.kind(pod), counted));
  }

  /// The labels of all constraints, which a node must have; none when that is one label, which the
  /// topology knows itself.
  static Set<String> keys(List<SpreadConstraint> constraints) {
    Set<String> keys = new TreeSet<>();
    constraints.forEach(each -> keys.add(each.topologyKey()));
    return keys.size() == 1 ? Set.of() : keys;
  }

  long at(int domain) {
    return tally.at(domain);
  }

  /// Of the emptiest domain, 0 when there are too few of them.
  long least() {
    return tally.topology().size() < constraint.minDomains() ? 0 : tally.least();
  }
}
