// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.autoscaling;

import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HPAScalingRules;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscalerSpec;
import org.jspecify.annotations.Nullable;

/// How far usage may be from its target before anything is changed, as parts of the target.
record Tolerances(double down, double up) {
  /// @param usual where the spec names none
  static Tolerances of(HorizontalPodAutoscalerSpec spec, double usual) {
    if (spec.getBehavior() == null) {
      return new Tolerances(usual, usual);
    }
    return new Tolerances(
        of(spec.getBehavior().getScaleDown(), usual), of(spec.getBehavior().getScaleUp(), usual));
  }

  private static double of(@Nullable HPAScalingRules rules, double usual) {
    @Nullable Quantity own = rules == null ? null : rules.getTolerance();
    return own == null ? usual : own.getNumericalAmount().doubleValue();
  }

  /// @param ratio of usage to its target
  boolean allow(double ratio) {
    return 1 - down <= ratio && ratio <= 1 + up;
  }
}
