// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.job;

import io.fabric8.kubernetes.api.model.batch.v1.SuccessPolicy;
import io.fabric8.kubernetes.api.model.batch.v1.SuccessPolicyRule;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Whether an indexed job has succeeded before all its indexes have (KEP-3998).
final class SuccessRules {
  private SuccessRules() {}

  /// Why it has, if it has.
  static Optional<String> met(@Nullable SuccessPolicy policy, int completions, Indexes succeeded) {
    if (policy == null || succeeded.isEmpty()) {
      return Optional.empty();
    }
    List<SuccessPolicyRule> rules = policy.getRules();
    for (int i = 0; i < rules.size(); i++) {
      if (isMet(rules.get(i), completions, succeeded)) {
        return Optional.of("Matched rules at index " + i);
      }
    }
    return Optional.empty();
  }

  private static boolean isMet(SuccessPolicyRule rule, int completions, Indexes succeeded) {
    @Nullable Integer count = rule.getSucceededCount();
    if (rule.getSucceededIndexes() == null) {
      return count != null && succeeded.count() >= count;
    }
    Indexes wanted = Indexes.parse(rule.getSucceededIndexes(), completions);
    int reached = wanted.common(succeeded);
    return !wanted.isEmpty() && (reached == wanted.count() || (count != null && reached >= count));
  }
}
