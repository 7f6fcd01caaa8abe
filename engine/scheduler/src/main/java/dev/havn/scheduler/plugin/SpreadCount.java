// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.plugin;

import dev.havn.scheduler.state.ClusterState;
import dev.havn.scheduler.state.NodeState;
import dev.havn.scheduler.state.PodFacts;
import dev.havn.scheduler.state.Tally;
import dev.havn.scheduler.state.Topology;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// How many pods of a constraint's kind stand in each domain, on nodes that count for it.
final class SpreadCount {
  private static final long UNKNOWN = -1;

  private final SpreadConstraint constraint;
  private final PodFacts pod;
  private final Topology topology;
  private final Predicate<NodeState> isEligible;
  private final long[] counts;
  private final boolean[] present;
  private int domains;
  private long least = UNKNOWN;

  /// @param hasAll whether a node has the topology keys that it must have to count
  SpreadCount(
      SpreadConstraint constraint,
      PodFacts pod,
      ClusterState cluster,
      @Nullable Predicate<NodeState> hasAll) {
    this.constraint = constraint;
    this.pod = pod;
    this.topology = cluster.topology(constraint.topologyKey());
    this.counts = new long[topology.bound()];
    this.present = new boolean[topology.bound()];
    boolean all = constraint.includesAll(pod);
    this.isEligible =
        node -> (hasAll == null || hasAll.test(node)) && (all || constraint.includes(pod, node));
    if (hasAll == null && all) {
      takeSums(cluster);
    } else {
      addNodes(cluster);
    }
  }

  /// Every node counts, so the sums that are kept are the answer.
  private void takeSums(ClusterState cluster) {
    Tally tally = cluster.count(constraint.kind(pod), topology);
    for (int domain = 0; domain < counts.length; domain++) {
      counts[domain] = tally.at(domain);
      present[domain] = topology.isUsed(domain);
      domains += present[domain] ? 1 : 0;
    }
  }

  private void addNodes(ClusterState cluster) {
    Tally tally = cluster.count(constraint.kind(pod), cluster.eachNode());
    for (NodeState node : cluster.nodes()) {
      int domain = topology.of(node);
      if (domain == Topology.NONE || !isEligible.test(node)) {
        continue;
      }
      if (!present[domain]) {
        present[domain] = true;
        domains++;
      }
      counts[domain] += tally.at(node);
    }
  }

  /// What tells the nodes that have all of several topology keys; null when that is one key, which
  /// the topology knows itself.
  static @Nullable Predicate<NodeState> hasAll(
      List<SpreadConstraint> constraints, ClusterState cluster) {
    List<Topology> topologies =
        constraints.stream()
            .map(SpreadConstraint::topologyKey)
            .distinct()
            .map(cluster::topology)
            .toList();
    return topologies.size() == 1
        ? null
        : node -> {
          for (Topology each : topologies) {
            if (each.of(node) == Topology.NONE) {
              return false;
            }
          }
          return true;
        };
  }

  void moved(PodFacts other, NodeState node, int times) {
    int domain = topology.of(node);
    if (domain != Topology.NONE && constraint.counts(other, pod) && isEligible.test(node)) {
      counts[domain] += times;
      least = UNKNOWN;
    }
  }

  Topology topology() {
    return topology;
  }

  long at(int domain) {
    return counts[domain];
  }

  /// Of the emptiest domain, 0 when there are too few of them.
  long least() {
    if (least == UNKNOWN) {
      least = domains < constraint.minDomains() ? 0 : smallest();
    }
    return least;
  }

  private long smallest() {
    long smallest = Integer.MAX_VALUE;
    for (int domain = 0; domain < counts.length; domain++) {
      if (present[domain]) {
        smallest = Math.min(smallest, counts[domain]);
      }
    }
    return smallest;
  }

  @Override
  public String toString() {
    return topology.key() + Arrays.toString(counts);
  }
}
