// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.autoscaling;

import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.LabelSelectorRequirement;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// The selector of a metric, in the two writings that are asked for.
final class MetricSelector {
  private MetricSelector() {}

  /// As a query has it; empty for all.
  static String query(@Nullable LabelSelector selector) {
    if (selector == null) {
      return "";
    }
    Map<String, String> parts = new TreeMap<>();
    labels(selector).forEach((key, value) -> parts.put(key + "\0=", key + "=" + value));
    for (LabelSelectorRequirement each : selector.getMatchExpressions()) {
      String values = String.join(",", each.getValues().stream().sorted().toList());
      String part =
          switch (each.getOperator()) {
            case "In" -> each.getKey() + " in (" + values + ")";
            case "NotIn" -> each.getKey() + " notin (" + values + ")";
            case "Exists" -> each.getKey();
            default -> "!" + each.getKey();
          };
      parts.put(each.getKey() + "\0" + each.getOperator(), part);
    }
    return String.join(",", parts.values());
  }

  /// As the names of metrics in Kubernetes' messages have it.
  static String words(@Nullable LabelSelector selector) {
    if (selector == null) {
      return "nil";
    }
    String labels =
        labels(selector).entrySet().stream()
            .map(each -> each.getKey() + ": " + each.getValue() + ",")
            .collect(Collectors.joining());
    String expressions =
        selector.getMatchExpressions().stream()
            .map(MetricSelector::words)
            .collect(Collectors.joining());
    return "&LabelSelector{MatchLabels:map[string]string{%s},MatchExpressions:[]LabelSelectorRequirement{%s},}"
        .formatted(labels, expressions);
  }

  private static String words(LabelSelectorRequirement each) {
    List<String> values = each.getValues();
    return "LabelSelectorRequirement{Key:%s,Operator:%s,Values:[%s],},"
        .formatted(each.getKey(), each.getOperator(), String.join(" ", values));
  }

  private static Map<String, String> labels(LabelSelector selector) {
    return selector.getMatchLabels() == null ? Map.of() : new TreeMap<>(selector.getMatchLabels());
  }
}
