// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.autoscaling;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.havn.controllers.autoscaling.Proposal.Invalid;
import dev.havn.controllers.autoscaling.Proposal.Valid;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscalerSpec;
import io.fabric8.kubernetes.api.model.autoscaling.v2.MetricSpec;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// What is to be done about an autoscaler's target: a function of what was seen.
///
/// @param replicas that there should be
/// @param rescales whether they are asked for
/// @param reason of asking for them
/// @param metrics for the status, null where none were looked at
/// @param failed whether nothing can be decided, so that the numbers of before stay
/// @param warnings for events, in their order
/// @param proposals one for each metric that was looked at, in the order of the spec
record ScalingPlan(
    int replicas,
    boolean rescales,
    String reason,
    @Nullable ArrayNode metrics,
    boolean failed,
    History history,
    List<Warning> warnings,
    List<Proposal> proposals) {

  record Warning(String reason, String message) {}

  /// What is seen.
  ///
  /// @param pods that the scale's selector chooses
  /// @param readings one for each metric of the spec, in its order
  /// @param trees makes JSON of a model
  record Seen(
      String namespace,
      HorizontalPodAutoscalerSpec spec,
      Scale scale,
      List<Pod> pods,
      List<Reading> readings,
      History history,
      Instant now,
      ScalingOptions options,
      Function<Object, JsonNode> trees) {}

  static int minimum(HorizontalPodAutoscalerSpec spec) {
    return spec.getMinReplicas() == null ? 1 : spec.getMinReplicas();
  }

  /// Whether what is to be done depends on metrics: a target that is switched off or out of its
  /// bounds needs none.
  static boolean needsMetrics(HorizontalPodAutoscalerSpec spec, int current) {
    return current != 0 && current <= spec.getMaxReplicas() && current >= minimum(spec);
  }

  /// What needs no metrics.
  static ScalingPlan withoutMetrics(
      HorizontalPodAutoscalerSpec spec, int current, History history, Conditions conditions) {
    if (current == 0) {
      conditions.set(
          "ScalingActive",
          false,
          "ScalingDisabled",
          "scaling is disabled since the replica count of the target is zero");
      conditions.withoutScaledToZero();
      return new ScalingPlan(0, false, "", null, false, history, List.of(), List.of());
    }
    return current > spec.getMaxReplicas()
        ? bounded(spec.getMaxReplicas(), "above Spec.MaxReplicas", history)
        : bounded(minimum(spec), "below Spec.MinReplicas", history);
  }

  private static ScalingPlan bounded(int replicas, String where, History history) {
    String reason = "Current number of replicas " + where;
    return new ScalingPlan(replicas, true, reason, null, false, history, List.of(), List.of());
  }

  /// Nothing can be decided.
  ///
  /// @param error that becomes the event
  static ScalingPlan failure(
      int current,
      List<Proposal> proposals,
      History history,
      List<Warning> warnings,
      String error) {
    List<Warning> all = new ArrayList<>(warnings);
    all.add(new Warning("FailedComputeMetricsReplicas", error));
    @Nullable ArrayNode metrics = proposals.isEmpty() ? null : statuses(proposals);
    return new ScalingPlan(current, false, "", metrics, true, history, all, proposals);
  }

  /// Whether some metric said nothing.
  boolean isIncomplete() {
    return proposals.stream().anyMatch(Invalid.class::isInstance);
  }

  /// What metrics ask for.
  static ScalingPlan of(Seen seen, Conditions conditions) {
    int current = seen.scale().wanted();
    List<Proposal> proposals = proposals(seen);
    List<Warning> warnings = new ArrayList<>();
    List<Invalid> invalid = new ArrayList<>();
    @Nullable Valid highest = null;
    for (Proposal proposal : proposals) {
      switch (proposal) {
        case Invalid each -> {
          warnings.add(new Warning(each.reason(), each.why()));
          invalid.add(each);
        }
        case Valid each -> {
          if (highest == null || highest.replicas() == 0 || each.replicas() > highest.replicas()) {
            highest = each;
          }
        }
      }
    }
    // A metric that is not known might have asked for more.
    if (highest == null || (!invalid.isEmpty() && highest.replicas() < current)) {
      Invalid first = invalid.getFirst();
      String why = "the HPA was unable to compute the replica count: " + first.why();
      conditions.set("ScalingActive", false, first.reason(), why);
      String error =
          "invalid metrics (%d invalid out of %d), first error is: %s"
              .formatted(invalid.size(), proposals.size(), first.error());
      return failure(current, proposals, seen.history(), warnings, error);
    }
    conditions.set(
        "ScalingActive",
        true,
        "ValidMetricFound",
        "the HPA was able to successfully calculate a replica count from " + highest.metric());
    Bounds.Bounded bounded = bounds(seen).of(highest.replicas());
    conditions.set("AbleToScale", true, bounded.able());
    conditions.set("ScalingLimited", bounded.isLimited(), bounded.limited());
    return new ScalingPlan(
        bounded.replicas(),
        bounded.replicas() != current,
        reason(highest, current),
        statuses(proposals),
        false,
        bounded.history(),
        warnings,
        proposals);
  }

  private static Bounds bounds(Seen seen) {
    return new Bounds(
        seen.spec(),
        minimum(seen.spec()),
        seen.scale().wanted(),
        seen.history(),
        seen.now(),
        seen.options().downWindow());
  }

  private static String reason(Valid highest, int current) {
    if (highest.replicas() > current) {
      return highest.metric() + " above target";
    }
    return highest.replicas() < current ? "All metrics below target" : "";
  }

  /// How the event of the new size calls it.
  String size() {
    return "New size: %d; reason: %s".formatted(replicas, reason);
  }

  /// Says that the new size was asked for.
  void done(Conditions conditions) {
    conditions.set(
        "AbleToScale",
        true,
        "SucceededRescale",
        "the HPA controller was able to update the target scale to " + replicas);
    conditions.withoutScaledToZero();
  }

  private static List<Proposal> proposals(Seen seen) {
    Proposals by =
        new Proposals(
            seen.namespace(),
            new ReplicaCount(
                seen.pods(),
                seen.scale().wanted(),
                Tolerances.of(seen.spec(), seen.options().tolerance()),
                seen.options(),
                seen.now()),
            seen.scale().present(),
            seen.trees());
    List<Proposal> proposals = new ArrayList<>();
    List<MetricSpec> metrics = seen.spec().getMetrics();
    for (int i = 0; i < metrics.size(); i++) {
      proposals.add(by.of(metrics.get(i), seen.readings().get(i)));
    }
    return proposals;
  }

  /// One for each metric; of those that say nothing only their place is kept.
  private static ArrayNode statuses(List<Proposal> proposals) {
    ArrayNode statuses = JsonNodeFactory.instance.arrayNode();
    for (Proposal each : proposals) {
      switch (each) {
        case Valid valid -> statuses.add(valid.status());
        case Invalid _ -> statuses.addObject().put("type", "");
      }
    }
    return statuses;
  }
}
