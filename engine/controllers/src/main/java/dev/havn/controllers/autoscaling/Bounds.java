// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.autoscaling;

import io.fabric8.kubernetes.api.model.autoscaling.v2.HPAScalingPolicy;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HPAScalingRules;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscalerBehavior;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscalerSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.function.IntBinaryOperator;
import java.util.function.ToIntFunction;

/// From what metrics propose to what is done: neither to and fro, nor too fast, nor beyond what the
/// spec allows.
///
/// @param minimum replicas, defaulted
/// @param downWindow whose highest recommendation counts where the spec names no window
record Bounds(
    HorizontalPodAutoscalerSpec spec,
    int minimum,
    int current,
    History history,
    Instant now,
    Duration downWindow) {
  private static final int GROWTH = 2;
  private static final int GROWTH_MIN = 4;
  private static final double PERCENT = 100;

  private static final Word READY =
      new Word("ReadyForNewScale", "recommended size matches current size");
  private static final Word DOWN_STABILIZED =
      new Word(
          "ScaleDownStabilized",
          "recent recommendations were higher than current one, applying the highest recent"
              + " recommendation");
  private static final Word UP_STABILIZED =
      new Word(
          "ScaleUpStabilized",
          "recent recommendations were lower than current one, applying the lowest recent"
              + " recommendation");
  private static final Word WITHIN =
      new Word("DesiredWithinRange", "the desired count is within the acceptable range");
  private static final Word TOO_MANY =
      new Word(
          "TooManyReplicas", "the desired replica count is more than the maximum replica count");
  private static final Word TOO_FEW =
      new Word(
          "TooFewReplicas", "the desired replica count is less than the minimum replica count");
  private static final Word TOO_FAST_UP =
      new Word(
          "ScaleUpLimit",
          "the desired replica count is increasing faster than the maximum scale rate");
  private static final Word TOO_FAST_DOWN =
      new Word(
          "ScaleDownLimit",
          "the desired replica count is decreasing faster than the maximum scale rate");

  /// Reason and message of a condition.
  record Word(String reason, String message) {}

  /// @param able of `AbleToScale`
  /// @param limited of `ScalingLimited`
  /// @param isLimited whether the bounds have changed the number
  /// @param history with the recommendation in it
  record Bounded(int replicas, Word able, Word limited, boolean isLimited, History history) {}

  private record Limited(int replicas, Word why) {}

  Bounded of(int recommended) {
    HorizontalPodAutoscalerBehavior behavior = spec.getBehavior();
    int stable = behavior == null ? highestRecent(recommended) : stable(behavior, recommended);
    Word moved = behavior != null && recommended >= current ? UP_STABILIZED : DOWN_STABILIZED;
    Limited limited = behavior == null ? limited(stable) : limited(behavior, stable);
    Duration kept = downWindow;
    if (behavior != null) {
      kept = longer(window(behavior.getScaleUp(), Duration.ZERO), downWindowOf(behavior));
    }
    return new Bounded(
        limited.replicas(),
        stable == recommended ? READY : moved,
        limited.why(),
        limited.replicas() != stable,
        history.recommended(recommended, now, kept));
  }

  private static Duration longer(Duration one, Duration other) {
    return one.compareTo(other) > 0 ? one : other;
  }

  /// In whole seconds, as in a spec.
  private Duration downWindowOf(HorizontalPodAutoscalerBehavior behavior) {
    return window(behavior.getScaleDown(), Duration.ofSeconds(downWindow.toSeconds()));
  }

  private static Duration window(HPAScalingRules rules, Duration usual) {
    return rules.getStabilizationWindowSeconds() == null
        ? usual
        : Duration.ofSeconds(rules.getStabilizationWindowSeconds());
  }

  private int highestRecent(int recommended) {
    Instant since = now.minus(downWindow);
    return Math.max(
        recommended,
        history.recommendations().stream()
            .filter(each -> !each.at().isBefore(since))
            .mapToInt(History.Sample::replicas)
            .max()
            .orElse(recommended));
  }

  /// Grows no further than all of the window for growing wanted, shrinks no further than any of the
  /// window for shrinking wanted.
  private int stable(HorizontalPodAutoscalerBehavior behavior, int recommended) {
    Instant upSince = now.minus(window(behavior.getScaleUp(), Duration.ZERO));
    Instant downSince = now.minus(downWindowOf(behavior));
    int lowest = recommended;
    int highest = recommended;
    for (History.Sample each : history.recommendations()) {
      if (each.at().isAfter(upSince)) {
        lowest = Math.min(lowest, each.replicas());
      }
      if (each.at().isAfter(downSince)) {
        highest = Math.max(highest, each.replicas());
      }
    }
    return Math.min(Math.max(current, lowest), highest);
  }

  private Limited limited(int stable) {
    int fastest = Math.clamp((long) GROWTH * current, GROWTH_MIN, Integer.MAX_VALUE);
    int most = Math.min(spec.getMaxReplicas(), fastest);
    if (stable < minimum) {
      return new Limited(minimum, TOO_FEW);
    }
    if (stable > most) {
      return new Limited(most, spec.getMaxReplicas() > fastest ? TOO_FAST_UP : TOO_MANY);
    }
    return new Limited(stable, WITHIN);
  }

  private Limited limited(HorizontalPodAutoscalerBehavior behavior, int stable) {
    if (stable > current) {
      int fastest = Math.max(current, fastestUp(behavior.getScaleUp()));
      int most = Math.min(spec.getMaxReplicas(), fastest);
      if (stable > most) {
        return new Limited(most, spec.getMaxReplicas() > fastest ? TOO_FAST_UP : TOO_MANY);
      }
    } else if (stable < current) {
      int fastest = Math.min(current, fastestDown(behavior.getScaleDown()));
      int least = Math.max(minimum, fastest);
      if (stable < least) {
        return new Limited(least, minimum < fastest ? TOO_FAST_DOWN : TOO_FEW);
      }
    }
    return new Limited(stable, WITHIN);
  }

  private int fastestUp(HPAScalingRules rules) {
    boolean least = "Min".equals(rules.getSelectPolicy());
    return fastest(
        rules,
        least ? Integer.MAX_VALUE : Integer.MIN_VALUE,
        least ? Math::min : Math::max,
        policy -> {
          int before = history.replicasBefore(policy.getPeriodSeconds(), current, now);
          return policy.getType().equals("Pods")
              ? Math.clamp((long) before + policy.getValue(), 0, Integer.MAX_VALUE)
              : (int) Math.ceil(before * (1 + policy.getValue() / PERCENT));
        });
  }

  private int fastestDown(HPAScalingRules rules) {
    boolean least = "Min".equals(rules.getSelectPolicy());
    return fastest(
        rules,
        least ? Integer.MIN_VALUE : Integer.MAX_VALUE,
        least ? Math::max : Math::min,
        policy -> {
          int before = history.replicasBefore(policy.getPeriodSeconds(), current, now);
          return policy.getType().equals("Pods")
              ? before - policy.getValue()
              : (int) (before * (1 - policy.getValue() / PERCENT));
        });
  }

  private int fastest(
      HPAScalingRules rules,
      int beginning,
      IntBinaryOperator choice,
      ToIntFunction<HPAScalingPolicy> reached) {
    if (Objects.equals(rules.getSelectPolicy(), "Disabled")) {
      return current;
    }
    return rules.getPolicies().stream().mapToInt(reached).reduce(beginning, choice);
  }
}
