// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.disruption;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.controllers.replicas.PodState;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Events;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.LabelSelectors;
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

  private static final Duration UNCOUNTABLE = Duration.ofMinutes(1);

  private final Informer<PodDisruptionBudget> budgets;
  private final Informer<Pod> pods;
  private final Scales scales;
  private final Api api;
  private final Told told;
  private final InstantSource clock;

  public BudgetReconciler(
      Informer<PodDisruptionBudget> budgets,
      Informer<Pod> pods,
      Scales scales,
      Api api,
      Events events,
      InstantSource clock) {
    this.budgets = budgets;
    this.pods = pods;
    this.scales = scales;
    this.api = api;
    this.told = new Told(events);
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
      told.forget(key);
      return Result.DONE;
    }
    List<Pod> selected =
        pods.list(key.namespace()).stream().filter(pod -> selects(budget, pod)).toList();
    told.tell(key, budget, selected, budgets.list(key.namespace()));
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
    int wanted;
    try {
      wanted = Allowance.asksControllers(budget.getSpec()) ? wanted(selected) : 0;
    } catch (UncountableException e) {
      told.uncountable(budget, String.valueOf(e.getMessage()));
      write(budget, failed(budget, String.valueOf(e.getMessage()), now));
      return Result.after(UNCOUNTABLE);
    }
    Allowance allowance = Allowance.of(budget.getSpec(), selected.size(), healthy, wanted);
    if (!write(budget, status(budget, allowance, disrupted, now))) {
      return Result.after(UNSYNCED);
    }
    return disrupted.isEmpty() ? Result.DONE : Result.after(EVICTION);
  }

  /// @return whether the budget is still as it was read
  private boolean write(PodDisruptionBudget budget, ObjectNode status) {
    try {
      if (!isSaid(budget, status)) {
        api.updateStatus(budget, status);
      }
      return true;
    } catch (Api.RefusedException e) {
      if (e.isStale()) {
        return false;
      }
      throw e;
    }
  }

  /// Nothing is allowed while nobody knows how many pods there should be.
  private ObjectNode failed(PodDisruptionBudget budget, String message, Instant now) {
    ObjectNode status =
        budget.getStatus() == null ? Api.object() : (ObjectNode) api.toTree(budget.getStatus());
    for (String count : List.of("currentHealthy", "desiredHealthy", "expectedPods")) {
      status.put(count, status.path(count).asInt());
    }
    status.put("disruptionsAllowed", 0);
    condition(status, budget, "False", now).put("reason", "SyncFailed").put("message", message);
    return status;
  }

  /// Each owner is asked once, of whose pods there may be thousands.
  private int wanted(List<Pod> selected) throws UncountableException {
    Map<String, Pod> byOwner = new TreeMap<>();
    for (Pod pod : selected) {
      @Nullable OwnerReference owner = PodState.controller(pod);
      if (owner != null) {
        byOwner.putIfAbsent(owner.getUid(), pod);
      }
    }
    Map<String, Integer> byController = new TreeMap<>();
    for (Pod pod : byOwner.values()) {
      scales.of(pod).ifPresent(scale -> byController.put(scale.uid(), scale.replicas()));
    }
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
    condition(status, budget, allows ? "True" : "False", now)
        .put("observedGeneration", budget.getMetadata().getGeneration())
        .put("reason", allows ? "SufficientPods" : "InsufficientPods")
        .put("message", "");
    return status;
  }

  private static ObjectNode condition(
      ObjectNode status, PodDisruptionBudget budget, String state, Instant now) {
    Optional<Condition> before =
        budget.getStatus() == null
            ? Optional.empty()
            : budget.getStatus().getConditions().stream()
                .filter(each -> each.getType().equals("DisruptionAllowed"))
                .findFirst();
    return status
        .putArray("conditions")
        .addObject()
        .put("type", "DisruptionAllowed")
        .put("status", state)
        .put(
            "lastTransitionTime",
            before
                .filter(each -> each.getStatus().equals(state))
                .map(Condition::getLastTransitionTime)
                .orElse(now.truncatedTo(ChronoUnit.SECONDS).toString()));
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
                        ? field.getValue().path(0).path("status").asText()
                            + field.getValue().path(0).path("reason").asText()
                            + field.getValue().path(0).path("message").asText()
                        : field.getValue().toString()));
    return fields;
  }
}
