// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.autoscaling;

import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HPAScalingRules;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscalerSpec;
import org.jspecify.annotations.Nullable;

/// How far usage may be from its target before anything is changed, as parts of the target.
record Tolerances(double down, double up) {
  private static final double USUAL = 0.1;

  static Tolerances of(HorizontalPodAutoscalerSpec spec) {
    if (spec.getBehavior() == null) {
      return new Tolerances(USUAL, USUAL);
    }
    return new Tolerances(
        of(spec.getBehavior().getScaleDown()), of(spec.getBehavior().getScaleUp()));
  }

  private static double of(@Nullable HPAScalingRules rules) {
    @Nullable Quantity own = rules == null ? null : rules.getTolerance();
    return own == null ? USUAL : own.getNumericalAmount().doubleValue();
  }

  /// @param ratio of usage to its target
  boolean allow(double ratio) {
    return 1 - down <= ratio && ratio <= 1 + up;
  }
}
