// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.plugin;

import dev.havn.scheduler.state.ClusterState;
import dev.havn.scheduler.state.NodeState;
import dev.havn.scheduler.state.PodFacts;
import dev.havn.scheduler.state.Tally;
import dev.havn.scheduler.state.Topology;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Compares nodes by how few pods of a kind stand where they are. What a topology with many domains
/// says counts more, so that hosts are not drowned out by zones.
final class SpreadScores {
  private static final String HOSTNAME = "kubernetes.io/hostname";
  private static final long IGNORED = -1;

  private final List<NodeState> nodes;
  private final @Nullable Predicate<NodeState> hasAll;
  private final Set<String> keys;
  private final List<Part> parts = new ArrayList<>();

  /// One constraint; hosts are counted on the node itself, whatever it is included in.
  private record Part(
      SpreadConstraint constraint,
      Topology topology,
      @Nullable SpreadCount domains,
      @Nullable Tally hosts,
      double weight) {
    double of(NodeState node) {
      int domain = topology.of(node);
      if (domain == Topology.NONE) {
        return 0;
      }
      long count = hosts != null ? hosts.at(node) : domains == null ? 0 : domains.at(domain);
      return count * weight + (constraint.maxSkew() - 1);
    }
  }

  /// @param requireAll whether nodes that lack one of the labels are not compared
  SpreadScores(
      List<SpreadConstraint> constraints,
      boolean requireAll,
      Attempt attempt,
      List<NodeState> nodes) {
    this.nodes = nodes;
    ClusterState cluster = attempt.cluster();
    this.hasAll = requireAll ? all(constraints, cluster) : null;
    this.keys = requireAll ? SpreadCount.keys(constraints) : Set.of();
    int compared = 0;
    for (NodeState node : nodes) {
      compared += hasAll == null || hasAll.test(node) ? 1 : 0;
    }
    for (SpreadConstraint each : constraints) {
      parts.add(part(each, attempt.pod(), cluster, compared));
    }
  }

  private static Predicate<NodeState> all(
      List<SpreadConstraint> constraints, ClusterState cluster) {
    List<Topology> topologies =
        constraints.stream().map(each -> cluster.topology(each.topologyKey())).toList();
    return node -> topologies.stream().noneMatch(each -> each.of(node) == Topology.NONE);
  }

  private Part part(SpreadConstraint constraint, PodFacts pod, ClusterState cluster, int compared) {
    Topology topology = cluster.topology(constraint.topologyKey());
    if (constraint.topologyKey().equals(HOSTNAME)) {
      Tally hosts = cluster.count(constraint.kind(pod), cluster.eachNode());
      return new Part(constraint, topology, null, hosts, weight(compared));
    }
    SpreadCount domains = SpreadCount.of(constraint, pod, cluster, keys);
    return new Part(constraint, topology, domains, null, weight(domainsOf(topology)));
  }

  private int domainsOf(Topology topology) {
    BitSet found = new BitSet(topology.bound());
    boolean without = false;
    for (NodeState node : nodes) {
      int domain = topology.of(node);
      if (hasAll != null && !hasAll.test(node)) {
        continue;
      }
      if (domain == Topology.NONE) {
        without = true;
      } else {
        found.set(domain);
      }
    }
    return found.cardinality() + (without ? 1 : 0);
  }

  private static double weight(int domains) {
    return Math.log(domains + 2.0);
  }

  long[] scores() {
    long[] scores = new long[nodes.size()];
    long least = Long.MAX_VALUE;
    long most = 0;
    for (int i = 0; i < scores.length; i++) {
      NodeState node = nodes.get(i);
      if (hasAll != null && !hasAll.test(node)) {
        scores[i] = IGNORED;
        continue;
      }
      double sum = 0;
      for (Part each : parts) {
        sum += each.of(node);
      }
      scores[i] = Math.round(sum);
      least = Math.min(least, scores[i]);
      most = Math.max(most, scores[i]);
    }
    for (int i = 0; i < scores.length; i++) {
      if (scores[i] == IGNORED) {
        scores[i] = 0;
      } else {
        scores[i] = most == 0 ? Score.MAX : Score.MAX * (most + least - scores[i]) / most;
      }
    }
    return scores;
  }
}
