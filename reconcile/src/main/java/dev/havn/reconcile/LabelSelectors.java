// SPDX-License-Identifier: Apache-2.0
package dev.havn.reconcile;

import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.LabelSelectorRequirement;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Whether labels match a selector object.
public final class LabelSelectors {
  private LabelSelectors() {}

  /// A null selector matches nothing, an empty one everything, an operator that is not known
  /// nothing: custom objects may have any.
  public static boolean matches(
      @Nullable LabelSelector selector, @Nullable Map<String, String> labels) {
    if (selector == null) {
      return false;
    }
    Map<String, String> present = labels == null ? Map.of() : labels;
    if (selector.getMatchLabels() != null
        && !present.entrySet().containsAll(selector.getMatchLabels().entrySet())) {
      return false;
    }
    return selector.getMatchExpressions() == null
        || selector.getMatchExpressions().stream().allMatch(each -> matches(each, present));
  }

  private static boolean matches(LabelSelectorRequirement requirement, Map<String, String> labels) {
    @Nullable String value = labels.get(requirement.getKey());
    return switch (String.valueOf(requirement.getOperator())) {
      case "In" -> value != null && requirement.getValues().contains(value);
      case "NotIn" -> value == null || !requirement.getValues().contains(value);
      case "Exists" -> value != null;
      case "DoesNotExist" -> value == null;
      default -> false;
    };
  }
}
