// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.disruption;

import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudgetSpec;
import org.jspecify.annotations.Nullable;

/// The numbers of a budget's status.
///
/// @param expected pods that there should be
/// @param desired pods that must stay healthy
record Allowance(int expected, int healthy, int desired, int allowed) {
  private static final int PERCENT = 100;

  /// @param pods that the budget selects
  /// @param wanted by their controllers
  static Allowance of(PodDisruptionBudgetSpec budget, int pods, int healthy, int wanted) {
    @Nullable IntOrString most = budget.getMaxUnavailable();
    @Nullable IntOrString least = budget.getMinAvailable();
    int expected = pods;
    int desired = 0;
    if (most != null) {
      expected = wanted;
      desired = Math.max(0, expected - scaled(most, expected));
    } else if (least != null) {
      expected = isPercentage(least) ? wanted : pods;
      desired = scaled(least, expected);
    }
    int allowed = expected <= 0 ? 0 : Math.max(0, healthy - desired);
    return new Allowance(expected, healthy, desired, allowed);
  }

  /// Whether the budget needs to know what the pods' controllers want.
  static boolean asksControllers(PodDisruptionBudgetSpec budget) {
    return budget.getMaxUnavailable() != null
        || (budget.getMinAvailable() != null && isPercentage(budget.getMinAvailable()));
  }

  private static boolean isPercentage(IntOrString value) {
    return value.getStrVal() != null;
  }

  /// Percentages are rounded up.
  private static int scaled(IntOrString value, int of) {
    if (!isPercentage(value)) {
      return value.getIntVal();
    }
    long percent = Integer.parseInt(value.getStrVal().replace("%", "").strip());
    return Math.clamp(Math.ceilDiv(percent * of, PERCENT), 0, Integer.MAX_VALUE);
  }
}
