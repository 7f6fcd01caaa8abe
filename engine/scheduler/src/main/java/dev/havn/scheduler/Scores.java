// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler;

import io.fabric8.kubernetes.api.model.Pod;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/// Which of the nodes that fit is best: the one with most room left, its use of CPU and memory
/// balanced, fewest pods where that is equal.
final class Scores {
  private Scores() {}

  static NodeState best(Pod pod, List<NodeState> feasible) {
    Map<String, BigDecimal> requests = Requests.of(pod);
    return feasible.stream()
        .max(
            Comparator.comparingLong((NodeState state) -> score(state, requests))
                .thenComparing(Comparator.comparingInt(NodeState::pods).reversed())
                .thenComparing(Comparator.comparing(NodeState::name).reversed()))
        .orElseThrow();
  }

  /// 0 to 200.
  private static long score(NodeState state, Map<String, BigDecimal> requests) {
    double cpu = used(state, requests, "cpu");
    double memory = used(state, requests, "memory");
    double least = 100 * (1 - (cpu + memory) / 2);
    double balance = 100 * (1 - Math.abs(cpu - memory));
    return Math.round(least + balance);
  }

  private static double used(NodeState state, Map<String, BigDecimal> requests, String resource) {
    BigDecimal all = state.allocatable(resource);
    if (all.signum() == 0) {
      return 1;
    }
    BigDecimal with =
        state.requested(resource).add(requests.getOrDefault(resource, BigDecimal.ZERO));
    return Math.min(1, with.divide(all, MathContext.DECIMAL32).doubleValue());
  }
}
