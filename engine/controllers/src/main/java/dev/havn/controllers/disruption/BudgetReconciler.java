// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.disruption;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.controllers.replicas.LabelSelectors;
import dev.havn.controllers.replicas.PodState;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Reconciler;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudgetStatus;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Keeps the status of PodDisruptionBudgets, by which evictions are allowed.
public final class BudgetReconciler implements Reconciler {
  private static final Duration UNSYNCED = Duration.ofMillis(100);

  /// An eviction whose pod has not begun to go by then is forgotten.
  private static final Duration EVICTION = Duration.ofMinutes(2);

  private final Informer<PodDisruptionBudget> budgets;
  private final Informer<Pod> pods;
  private final Scales scales;
  private final Api api;
  private final InstantSource clock;

  public BudgetReconciler(
      Informer<PodDisruptionBudget> budgets,
      Informer<Pod> pods,
      Scales scales,
      Api api,
      InstantSource clock) {
    this.budgets = budgets;
    this.pods = pods;
    this.scales = scales;
    this.api = api;
    this.clock = clock;
  }

  public static boolean selects(PodDisruptionBudget budget, Pod pod) {
    return budget.getSpec() != null
        && budget.getSpec().getSelector() != null
        && LabelSelectors.matches(budget.getSpec().getSelector(), pod.getMetadata().getLabels());
  }

  @Override
  public Result reconcile(Key key) {
    @Nullable PodDisruptionBudget budget = budgets.get(key.namespace(), key.name());
    if (budget == null || budget.getSpec() == null) {
      return Result.DONE;
    }
    List<Pod> selected =
        pods.list(key.namespace()).stream().filter(pod -> selects(budget, pod)).toList();
    Instant now = clock.instant();
    Map<String, String> disrupted = disrupted(budget, selected, now);
    int healthy =
        (int)
            selected.stream()
                .filter(
                    pod ->
                        !PodState.isTerminating(pod)
                            && PodState.isReady(pod)
                            && !disrupted.containsKey(pod.getMetadata().getName()))
                .count();
    int wanted = Allowance.asksControllers(budget.getSpec()) ? wanted(selected) : 0;
    Allowance allowance = Allowance.of(budget.getSpec(), selected.size(), healthy, wanted);
    ObjectNode status = status(budget, allowance, disrupted, now);
    if (!isSaid(budget, status)) {
      try {
        api.updateStatus(budget, status);
      } catch (Api.RefusedException e) {
        if (e.isStale()) {
          return Result.after(UNSYNCED);
        }
        throw e;
      }
    }
    return disrupted.isEmpty() ? Result.DONE : Result.after(EVICTION);
  }

  /// Each owner is asked once, of whose pods there may be thousands.
  private int wanted(List<Pod> selected) {
    Map<String, Pod> byOwner = new TreeMap<>();
    for (Pod pod : selected) {
      @Nullable OwnerReference owner = PodState.controller(pod);
      if (owner != null) {
        byOwner.putIfAbsent(owner.getUid(), pod);
      }
    }
    Map<String, Integer> byController = new TreeMap<>();
    byOwner
        .values()
        .forEach(
            pod ->
                scales.of(pod).ifPresent(scale -> byController.put(scale.uid(), scale.replicas())));
    long all = byController.values().stream().mapToLong(Integer::longValue).sum();
    return Math.clamp(all, 0, Integer.MAX_VALUE);
  }

  /// Pods whose eviction was allowed and that have not begun to go.
  private static Map<String, String> disrupted(
      PodDisruptionBudget budget, List<Pod> selected, Instant now) {
    Map<String, String> disrupted = new TreeMap<>();
    @Nullable PodDisruptionBudgetStatus status = budget.getStatus();
    if (status == null || status.getDisruptedPods() == null) {
      return disrupted;
    }
    for (Pod pod : selected) {
      @Nullable String since = status.getDisruptedPods().get(pod.getMetadata().getName());
      if (since != null
          && !PodState.isTerminating(pod)
          && Instant.parse(since).plus(EVICTION).isAfter(now)) {
        disrupted.put(pod.getMetadata().getName(), since);
      }
    }
    return disrupted;
  }

  private static ObjectNode status(
      PodDisruptionBudget budget, Allowance allowance, Map<String, String> disrupted, Instant now) {
    ObjectNode status = Api.object();
    if (!disrupted.isEmpty()) {
      disrupted.forEach(status.putObject("disruptedPods")::put);
    }
    status.put("observedGeneration", budget.getMetadata().getGeneration());
    status.put("disruptionsAllowed", allowance.allowed());
    status.put("currentHealthy", allowance.healthy());
    status.put("desiredHealthy", allowance.desired());
    status.put("expectedPods", allowance.expected());
    boolean allows = allowance.allowed() > 0;
    String state = allows ? "True" : "False";
    Optional<Condition> before =
        budget.getStatus() == null
            ? Optional.empty()
            : budget.getStatus().getConditions().stream()
                .filter(each -> each.getType().equals("DisruptionAllowed"))
                .findFirst();
    status
        .putArray("conditions")
        .addObject()
        .put("type", "DisruptionAllowed")
        .put("status", state)
        .put("observedGeneration", budget.getMetadata().getGeneration())
        .put(
            "lastTransitionTime",
            before
                .filter(each -> each.getStatus().equals(state))
                .map(Condition::getLastTransitionTime)
                .orElse(now.truncatedTo(ChronoUnit.SECONDS).toString()))
        .put("reason", allows ? "SufficientPods" : "InsufficientPods")
        .put("message", "");
    return status;
  }

  private boolean isSaid(PodDisruptionBudget budget, ObjectNode status) {
    if (budget.getStatus() == null) {
      return false;
    }
    ObjectNode said = (ObjectNode) api.toTree(budget.getStatus());
    if (said.path("disruptedPods").isEmpty()) {
      said.remove("disruptedPods");
    }
    return said.toString().length() == status.toString().length()
        && sorted(said).equals(sorted(status));
  }

  private static Map<String, String> sorted(ObjectNode status) {
    Map<String, String> fields = new TreeMap<>();
    status
        .properties()
        .forEach(
            field ->
                fields.put(
                    field.getKey(),
                    field.getValue().isArray()
                        ? String.valueOf(field.getValue().path(0).path("status").asText())
                        : field.getValue().toString()));
    return fields;
  }
}
