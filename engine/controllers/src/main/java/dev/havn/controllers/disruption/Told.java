// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.disruption;

import dev.havn.controllers.replicas.PodState;
import dev.havn.reconcile.Events;
import dev.havn.reconcile.Reconciler.Key;
import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.LabelSelectorRequirement;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/// What is said about budgets that do not do what was probably meant. One thread.
final class Told {
  private final Events events;

  /// The pods of more than one budget that were told of, by the budget, as uids.
  private final Map<Key, Set<String>> ambiguous = new HashMap<>();

  Told(Events events) {
    this.events = events;
  }

  void forget(Key key) {
    ambiguous.remove(key);
  }

  void uncountable(PodDisruptionBudget budget, String why) {
    events.warning(
        budget,
        "CalculateExpectedPodCountFailed",
        "Failed to calculate the number of expected pods: " + why);
  }

  /// @param budgets of the namespace
  void tell(
      Key key, PodDisruptionBudget budget, List<Pod> selected, List<PodDisruptionBudget> budgets) {
    if (selected.isEmpty()) {
      events.normal(budget, "NoPods", "No matching pods found");
    }
    if (Allowance.asksControllers(budget.getSpec())
        && selected.stream().anyMatch(pod -> PodState.controller(pod) == null)) {
      events.warning(
          budget,
          "UnmanagedPods",
          "Pods selected by this PodDisruptionBudget (selector: "
              + text(budget.getSpec().getSelector())
              + ") were found to be unmanaged. As a result, the status of the PDB cannot be"
              + " calculated correctly, which may result in undefined behavior. To account for"
              + " these pods please set \".spec.minAvailable\" field of the PDB to an integer value.");
    }
    if (budgets.size() > 1) {
      tellOfAmbiguous(key, budget, selected, budgets);
    }
  }

  /// Each pod once, by the first of its budgets.
  private void tellOfAmbiguous(
      Key key, PodDisruptionBudget budget, List<Pod> selected, List<PodDisruptionBudget> budgets) {
    String name = budget.getMetadata().getName();
    Set<String> told = ambiguous.computeIfAbsent(key, _ -> new HashSet<>());
    Set<String> still = new HashSet<>();
    for (Pod pod : selected) {
      List<String> others =
          budgets.stream()
              .filter(each -> BudgetReconciler.selects(each, pod))
              .map(each -> each.getMetadata().getName())
              .filter(other -> !other.equals(name))
              .toList();
      if (others.isEmpty() || others.stream().anyMatch(other -> other.compareTo(name) < 0)) {
        continue;
      }
      String uid = pod.getMetadata().getUid();
      still.add(uid);
      if (!told.contains(uid)) {
        events.warning(
            pod,
            "MultiplePodDisruptionBudgets",
            "Pod \"%s\"/\"%s\" matches multiple PodDisruptionBudgets.  Chose \"%s\" arbitrarily."
                .formatted(key.namespace(), pod.getMetadata().getName(), name));
      }
    }
    ambiguous.put(key, still);
  }

  /// As Go prints it.
  private static String text(LabelSelector selector) {
    Map<String, String> labels =
        selector.getMatchLabels() == null ? Map.of() : new TreeMap<>(selector.getMatchLabels());
    String map =
        labels.entrySet().stream()
            .map(each -> each.getKey() + ": " + each.getValue() + ",")
            .collect(Collectors.joining());
    String requirements =
        selector.getMatchExpressions().stream().map(Told::text).collect(Collectors.joining());
    return "&LabelSelector{MatchLabels:map[string]string{%s},MatchExpressions:[]LabelSelectorRequirement{%s},}"
        .formatted(map, requirements);
  }

  private static String text(LabelSelectorRequirement requirement) {
    return "LabelSelectorRequirement{Key:%s,Operator:%s,Values:[%s],},"
        .formatted(
            requirement.getKey(),
            requirement.getOperator(),
            String.join(" ", requirement.getValues()));
  }
}
