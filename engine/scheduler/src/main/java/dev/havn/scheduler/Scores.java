// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Taint;
import java.util.List;
import java.util.function.ToLongFunction;

/// Which of the nodes that fit is best, as kube-scheduler's default plugins and weights have it:
/// fewest taints to avoid, most preferences met, most room left, CPU and memory used alike.
final class Scores {
  private static final long MAX = 100;
  private static final long TAINTS_WEIGHT = 3;
  private static final long AFFINITY_WEIGHT = 2;

  private Scores() {}

  static NodeState best(Filters.Candidate candidate, List<NodeState> feasible) {
    if (feasible.size() == 1) {
      return feasible.getFirst();
    }
    Pod pod = candidate.pod();
    long[] taints = normalized(feasible, node -> avoided(pod, node));
    long[] preferences = normalized(feasible, node -> NodeAffinities.preference(pod, node));
    NodeState best = feasible.getFirst();
    long most = Long.MIN_VALUE;
    for (int i = 0; i < feasible.size(); i++) {
      NodeState node = feasible.get(i);
      long score =
          TAINTS_WEIGHT * (MAX - taints[i])
              + AFFINITY_WEIGHT * preferences[i]
              + room(candidate.demand(), node)
              + balance(candidate.demand(), node);
      if (score > most) {
        most = score;
        best = node;
      }
    }
    return best;
  }

  private static long avoided(Pod pod, NodeState node) {
    long count = 0;
    for (Taint taint : node.taints()) {
      if (taint.getEffect().equals("PreferNoSchedule") && !Filters.tolerates(pod, taint)) {
        count++;
      }
    }
    return count;
  }

  /// Scaled so that the largest is 100.
  private static long[] normalized(List<NodeState> nodes, ToLongFunction<NodeState> score) {
    long[] scores = nodes.stream().mapToLong(score).toArray();
    long most = 0;
    for (long each : scores) {
      most = Math.max(most, each);
    }
    for (int i = 0; i < scores.length && most > 0; i++) {
      scores[i] = scores[i] * MAX / most;
    }
    return scores;
  }

  /// 100 for a node that would stay empty.
  private static long room(Demand demand, NodeState node) {
    long sum = 0;
    for (String resource : List.of("cpu", "memory")) {
      long all = node.allocatable(resource);
      long left = all - node.scored(resource) - demand.scored().getOrDefault(resource, 0L);
      sum += all == 0 || left < 0 ? 0 : left * MAX / all;
    }
    return sum / 2;
  }

  /// 100 for a node of whose CPU and memory the same share would be taken.
  private static long balance(Demand demand, NodeState node) {
    double cpu = share(demand, node, "cpu");
    double memory = share(demand, node, "memory");
    return Math.round((1 - Math.abs(cpu - memory) / 2) * MAX);
  }

  private static double share(Demand demand, NodeState node, String resource) {
    long all = node.allocatable(resource);
    long taken = node.requested(resource) + demand.amounts().getOrDefault(resource, 0L);
    return all == 0 ? 1 : Math.min(1, (double) taken / all);
  }
}
