// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.state;

import io.fabric8.kubernetes.api.model.LabelSelector;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// A label selector, ready to match: all requirements must be met.
///
/// @param nothing whether it selects nothing at all
public record Selector(List<Requirement> requirements, boolean nothing) {
  public static final Selector NOTHING = new Selector(List.of(), true);
  public static final Selector EVERYTHING = new Selector(List.of(), false);

  /// One requirement on a label.
  public record Requirement(String key, String operator, Set<String> values) {
    public boolean matches(Map<String, String> labels) {
      @Nullable String value = labels.get(key);
      return switch (operator) {
        case "In" -> value != null && values.contains(value);
        case "NotIn" -> value == null || !values.contains(value);
        case "Exists" -> value != null;
        case "DoesNotExist" -> value == null;
        default -> false;
      };
    }
  }

  /// Of what the API says; none selects nothing, an empty one everything.
  public static Selector of(@Nullable LabelSelector selector) {
    if (selector == null) {
      return NOTHING;
    }
    List<Requirement> all = new ArrayList<>(of(selector.getMatchLabels()).requirements());
    if (selector.getMatchExpressions() != null) {
      selector
          .getMatchExpressions()
          .forEach(
              each ->
                  all.add(
                      new Requirement(
                          each.getKey(),
                          each.getOperator(),
                          each.getValues() == null ? Set.of() : new HashSet<>(each.getValues()))));
    }
    return new Selector(List.copyOf(all), false);
  }

  /// Of labels that must be there.
  public static Selector of(@Nullable Map<String, String> labels) {
    if (labels == null || labels.isEmpty()) {
      return EVERYTHING;
    }
    List<Requirement> all = new ArrayList<>();
    new TreeMap<>(labels)
        .forEach((key, value) -> all.add(new Requirement(key, "In", Set.of(value))));
    return new Selector(List.copyOf(all), false);
  }

  /// What both of them select.
  public Selector and(Selector other) {
    List<Requirement> all = new ArrayList<>(requirements);
    all.addAll(other.requirements);
    return new Selector(List.copyOf(all), nothing || other.nothing);
  }

  public boolean matches(Map<String, String> labels) {
    if (nothing) {
      return false;
    }
    for (Requirement each : requirements) {
      if (!each.matches(labels)) {
        return false;
      }
    }
    return true;
  }
}
