// SPDX-License-Identifier: Apache-2.0
package dev.havn.network.policy;

import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.LabelSelectorRequirement;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Whom a selector means; an empty one means all.
record Selector(@Nullable LabelSelector selector) {
  boolean selects(Map<String, String> labels) {
    if (selector == null) {
      return true;
    }
    @Nullable Map<String, String> wanted = selector.getMatchLabels();
    if (wanted != null && !labels.entrySet().containsAll(wanted.entrySet())) {
      return false;
    }
    return selector.getMatchExpressions() == null
        || selector.getMatchExpressions().stream().allMatch(each -> isMet(each, labels));
  }

  private static boolean isMet(LabelSelectorRequirement requirement, Map<String, String> labels) {
    @Nullable String value = labels.get(requirement.getKey());
    return switch (requirement.getOperator()) {
      case "In" -> value != null && requirement.getValues().contains(value);
      case "NotIn" -> value == null || !requirement.getValues().contains(value);
      case "Exists" -> value != null;
      case "DoesNotExist" -> value == null;
      default -> false;
    };
  }
}
