// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.gateway;

import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.LabelSelectorRequirement;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Which labels a listener selects.
final class Labels {
  private Labels() {}

  /// A null selector matches nothing, an empty one everything, an operator that is not known
  /// nothing.
  static boolean match(@Nullable LabelSelector selector, Map<String, String> labels) {
    return selector != null
        && (selector.getMatchLabels() == null
            || labels.entrySet().containsAll(selector.getMatchLabels().entrySet()))
        && Grants.orNone(selector.getMatchExpressions()).stream()
            .allMatch(each -> match(each, labels));
  }

  private static boolean match(LabelSelectorRequirement wanted, Map<String, String> labels) {
    @Nullable String value = labels.get(wanted.getKey());
    return switch (String.valueOf(wanted.getOperator())) {
      case "In" -> value != null && wanted.getValues().contains(value);
      case "NotIn" -> value == null || !wanted.getValues().contains(value);
      case "Exists" -> value != null;
      case "DoesNotExist" -> value == null;
      default -> false;
    };
  }
}
