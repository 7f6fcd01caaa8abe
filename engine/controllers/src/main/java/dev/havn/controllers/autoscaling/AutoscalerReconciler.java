// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.autoscaling;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.controllers.autoscaling.ScalingCounts.Action;
import dev.havn.controllers.autoscaling.ScalingCounts.Fault;
import dev.havn.controllers.autoscaling.ScalingCounts.Outcome;
import dev.havn.controllers.autoscaling.ScalingPlan.Warning;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Events;
import dev.havn.reconcile.Informer;
import dev.havn.reconcile.Reconciler;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscaler;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscalerSpec;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscalerStatus;
import io.fabric8.kubernetes.api.model.autoscaling.v2.MetricSpec;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Looks at each autoscaler once in a period, also after a failure: what hinders it stands in its
/// conditions.
public final class AutoscalerReconciler implements Reconciler {
  private static final Logger LOG = LoggerFactory.getLogger(AutoscalerReconciler.class);
  private static final String UNREACHED =
      "the HPA controller was unable to get the target's current scale: ";

  private final Informer<HorizontalPodAutoscaler> autoscalers;
  private final Informer<Pod> pods;
  private final Api api;
  private final Events events;
  private final InstantSource clock;
  private final ScaleTargets targets;
  private final MetricReader metrics;
  private final Selections selections = new Selections();
  private final Map<Key, History> histories = new ConcurrentHashMap<>();
  private final ScalingCounts counts;
  private final ScalingOptions options;

  public AutoscalerReconciler(
      Informer<HorizontalPodAutoscaler> autoscalers,
      Informer<Pod> pods,
      Api api,
      Events events,
      InstantSource clock,
      ScalingCounts counts,
      ScalingOptions options) {
    this.autoscalers = autoscalers;
    this.pods = pods;
    this.api = api;
    this.events = events;
    this.clock = clock;
    this.targets = new ScaleTargets(api);
    this.metrics = new MetricReader(api, targets);
    this.counts = counts;
    this.options = options;
  }

  @Override
  public Result reconcile(Key key) {
    @Nullable HorizontalPodAutoscaler autoscaler = autoscalers.get(key.namespace(), key.name());
    if (autoscaler == null) {
      histories.remove(key);
      selections.forget(key);
      counts.forget(key);
      return Result.DONE;
    }
    Instant begin = clock.instant();
    Outcome outcome = scale(key, autoscaler);
    counts.looked(outcome, Duration.between(begin, clock.instant()));
    return Result.after(options.period());
  }

  private Outcome scale(Key key, HorizontalPodAutoscaler autoscaler) {
    Instant now = clock.instant();
    @Nullable HorizontalPodAutoscalerStatus before = autoscaler.getStatus();
    Conditions conditions =
        new Conditions(before == null ? List.of() : before.getConditions(), now);
    Scale scale;
    try {
      scale = targets.find(key.namespace(), autoscaler.getSpec().getScaleTargetRef());
    } catch (ScaleTargets.NoScaleException e) {
      String why = String.valueOf(e.getMessage());
      events.warning(autoscaler, "FailedGetScale", why);
      conditions.set("AbleToScale", false, "FailedGetScale", UNREACHED + why);
      ObjectNode status = said(before);
      status.set("conditions", conditions.json());
      write(autoscaler, status);
      return new Outcome(Action.NONE, e.isOfSpec() ? Fault.SPEC : Fault.INTERNAL);
    }
    conditions.set(
        "AbleToScale",
        true,
        "SucceededGetScale",
        "the HPA controller was able to get the target's current scale");
    History history =
        histories.computeIfAbsent(key, _ -> History.beginningWith(scale.wanted(), now));
    int shown =
        before == null || before.getCurrentReplicas() == null ? 0 : before.getCurrentReplicas();
    ScalingPlan plan = plan(key, autoscaler.getSpec(), shown, scale, history, conditions, now);
    histories.put(key, plan.history());
    for (Warning each : plan.warnings()) {
      events.warning(autoscaler, each.reason(), each.message());
    }
    return apply(key, autoscaler, scale, plan, conditions);
  }

  /// @param shown replicas that the status counts
  private ScalingPlan plan(
      Key key,
      HorizontalPodAutoscalerSpec spec,
      int shown,
      Scale scale,
      History history,
      Conditions conditions,
      Instant now) {
    if (!ScalingPlan.needsMetrics(spec, scale.wanted())) {
      return ScalingPlan.withoutMetrics(spec, scale.wanted(), history, conditions);
    }
    if (scale.selector().isEmpty()) {
      String why = "the HPA target's scale is missing a selector";
      conditions.set("ScalingActive", false, "InvalidSelector", why);
      return unselected(scale, history, "SelectorRequired", "selector is required");
    }
    PodSelector selector = PodSelector.parse(scale.selector());
    List<Pod> selected =
        pods.list(key.namespace()).stream()
            .filter(pod -> selector.matches(pod.getMetadata().getLabels()))
            // so that the same fault is always told of the same pod
            .sorted(Comparator.comparing((Pod pod) -> pod.getMetadata().getName()))
            .toList();
    String others = selections.others(key, selector, selected);
    if (!others.isEmpty()) {
      String why =
          "pods by selector %s are controlled by multiple HPAs: %s"
              .formatted(scale.selector(), others);
      conditions.set("ScalingActive", false, "AmbiguousSelector", why);
      return unselected(scale, history, "AmbiguousSelector", why);
    }
    return measured(key, spec, shown, scale, selected, history, conditions, now);
  }

  /// Reads each metric, and counts what it proposes and how long it took.
  private ScalingPlan measured(
      Key key,
      HorizontalPodAutoscalerSpec spec,
      int shown,
      Scale scale,
      List<Pod> selected,
      History history,
      Conditions conditions,
      Instant now) {
    List<Reading> readings = new ArrayList<>();
    List<Duration> took = new ArrayList<>();
    for (MetricSpec each : spec.getMetrics()) {
      Instant begin = clock.instant();
      readings.add(metrics.read(each, key.namespace(), scale.selector()));
      took.add(Duration.between(begin, clock.instant()));
    }
    ScalingPlan plan =
        ScalingPlan.of(
            new ScalingPlan.Seen(
                key.namespace(),
                spec,
                scale,
                selected,
                readings,
                history,
                now,
                options,
                api::toTree),
            conditions);
    for (int i = 0; i < took.size(); i++) {
      Outcome outcome = outcome(plan.proposals().get(i), shown);
      counts.computed(outcome, spec.getMetrics().get(i).getType(), took.get(i));
    }
    return plan;
  }

  private static Outcome outcome(Proposal proposal, int shown) {
    return switch (proposal) {
      case Proposal.Valid valid -> new Outcome(Action.between(shown, valid.replicas()), Fault.NONE);
      case Proposal.Invalid invalid ->
          new Outcome(Action.NONE, invalid.isOfSpec() ? Fault.SPEC : Fault.INTERNAL);
    };
  }

  private static ScalingPlan unselected(Scale scale, History history, String reason, String error) {
    return ScalingPlan.failure(
        scale.wanted(), List.of(), history, List.of(new Warning(reason, error)), error);
  }

  private Outcome apply(
      Key key,
      HorizontalPodAutoscaler autoscaler,
      Scale scale,
      ScalingPlan plan,
      Conditions conditions) {
    int current = scale.wanted();
    ObjectNode status = said(autoscaler.getStatus());
    int desired = plan.replicas();
    boolean failed = plan.failed();
    Action action = Action.NONE;
    if (!failed && plan.rescales()) {
      failed = !rescale(autoscaler, scale, plan, conditions);
      if (!failed) {
        status.put("lastScaleTime", clock.instant().truncatedTo(ChronoUnit.SECONDS).toString());
        remember(key, autoscaler.getSpec(), current, plan);
        action = Action.between(current, desired);
      }
    }
    if (failed) {
      desired = status.path("desiredReplicas").asInt();
    } else {
      counts.desires(key, desired);
    }
    status.put("currentReplicas", current).put("desiredReplicas", desired);
    status.remove("observedGeneration");
    status.set("currentMetrics", plan.metrics());
    status.set("conditions", conditions.json());
    boolean written = write(autoscaler, status);
    boolean done = written && !failed && !plan.isIncomplete();
    return new Outcome(action, done ? Fault.NONE : Fault.INTERNAL);
  }

  private void remember(Key key, HorizontalPodAutoscalerSpec spec, int current, ScalingPlan plan) {
    if (spec.getBehavior() != null) {
      boolean up = plan.replicas() > current;
      histories.put(
          key,
          plan.history()
              .changed(
                  current,
                  plan.replicas(),
                  up ? spec.getBehavior().getScaleUp() : spec.getBehavior().getScaleDown(),
                  clock.instant()));
    }
  }

  private boolean rescale(
      HorizontalPodAutoscaler autoscaler, Scale scale, ScalingPlan plan, Conditions conditions) {
    try {
      targets.set(scale, plan.replicas());
    } catch (Api.RefusedException e) {
      events.warning(autoscaler, "FailedRescale", plan.size() + "; error: " + e.getMessage());
      conditions.set(
          "AbleToScale",
          false,
          "FailedUpdateScale",
          "the HPA controller was unable to update the target scale: " + e.getMessage());
      return false;
    }
    plan.done(conditions);
    events.normal(autoscaler, "SuccessfulRescale", plan.size());
    return true;
  }

  private ObjectNode said(@Nullable HorizontalPodAutoscalerStatus status) {
    ObjectNode said = status == null ? Api.object() : (ObjectNode) api.toTree(status);
    if (!said.has("desiredReplicas")) {
      said.put("desiredReplicas", 0);
    }
    return said;
  }

  /// @return whether it stands there
  private boolean write(HorizontalPodAutoscaler autoscaler, ObjectNode status) {
    ObjectNode before = said(autoscaler.getStatus());
    ObjectNode after = status.deepCopy();
    withoutEmpty(before);
    withoutEmpty(after);
    if (before.equals(after)) {
      return true;
    }
    try {
      api.updateStatus(autoscaler, status);
      return true;
    } catch (Api.RefusedException e) {
      LOG.debug("{} is looked at again later: {}", Informer.keyOf(autoscaler), e.getMessage());
      events.warning(autoscaler, "FailedUpdateStatus", String.valueOf(e.getMessage()));
      return false;
    }
  }

  private static void withoutEmpty(ObjectNode status) {
    for (String each : List.of("currentMetrics", "conditions")) {
      if (!(status.get(each) instanceof ArrayNode list) || list.isEmpty()) {
        status.remove(each);
      }
    }
    if (!status.has("currentReplicas")) {
      status.put("currentReplicas", 0);
    }
  }
}
