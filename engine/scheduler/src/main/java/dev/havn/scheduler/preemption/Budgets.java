// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.preemption;

import dev.havn.scheduler.state.PodFacts;
import dev.havn.scheduler.state.Selector;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// What disruption budgets allow.
public final class Budgets {
  private final List<Budget> budgets = new ArrayList<>();

  private record Budget(String namespace, Selector selector, int allowed, Set<String> disrupted) {
    boolean covers(PodFacts pod) {
      return namespace.equals(pod.namespace())
          && !disrupted.contains(pod.name())
          && selector.matches(pod.labels());
    }
  }

  public Budgets(Collection<PodDisruptionBudget> all) {
    for (PodDisruptionBudget each : all) {
      Selector selector = Selector.of(each.getSpec() == null ? null : each.getSpec().getSelector());
      if (selector.requirements().isEmpty()) {
        continue;
      }
      Integer allowed = each.getStatus() == null ? null : each.getStatus().getDisruptionsAllowed();
      Map<String, ?> disrupted =
          each.getStatus() == null ? null : each.getStatus().getDisruptedPods();
      budgets.add(
          new Budget(
              each.getMetadata().getNamespace(),
              selector,
              allowed == null ? 0 : allowed,
              disrupted == null ? Set.of() : disrupted.keySet()));
    }
  }

  boolean isEmpty() {
    return budgets.isEmpty();
  }

  /// Those of `pods` whose going would break a budget, if all went in this order.
  List<PodFacts> violating(List<PodFacts> pods) {
    if (budgets.isEmpty()) {
      return List.of();
    }
    int[] left = budgets.stream().mapToInt(Budget::allowed).toArray();
    List<PodFacts> violating = new ArrayList<>();
    for (PodFacts pod : pods) {
      boolean violates = false;
      for (int i = 0; i < left.length; i++) {
        if (!pod.labels().isEmpty() && budgets.get(i).covers(pod)) {
          left[i]--;
          violates |= left[i] < 0;
        }
      }
      if (violates) {
        violating.add(pod);
      }
    }
    return violating;
  }
}
