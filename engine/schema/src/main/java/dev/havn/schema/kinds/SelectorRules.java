// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.schema.select.LabelSelector;
import dev.havn.schema.select.LabelSyntax;
import dev.havn.schema.validate.FieldError;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Labels and label selectors inside objects.
final class SelectorRules {
  private SelectorRules() {}

  static void labels(At labels) {
    for (Map.Entry<String, At> each : labels.entries().entrySet()) {
      for (String problem : LabelSyntax.keyProblems(each.getKey())) {
        labels.errors().add(FieldError.invalid(labels.path(), each.getKey(), problem));
      }
      for (String problem : LabelSyntax.valueProblems(each.getValue().text())) {
        labels.errors().add(FieldError.invalid(labels.path(), each.getValue().text(), problem));
      }
    }
  }

  /// Checks a selector that may be absent.
  static void check(At selector) {
    labels(selector.at("matchLabels"));
    selector.at("matchExpressions").items().forEach(each -> requirement(each, false));
  }

  /// @param anyOperator whether an operator that nobody knows may stand there
  static void requirement(At requirement, boolean anyOperator) {
    operator(requirement, anyOperator);
    requirement.at("key").has(Formats::qualifiedName);
    requirement.at("values").items().forEach(value -> value.has(LabelSyntax::valueProblems));
  }

  static void operator(At requirement, boolean any) {
    At values = requirement.at("values");
    At operator = requirement.at("operator");
    switch (operator.text()) {
      case "In", "NotIn" -> values.needs("must be specified when `operator` is 'In' or 'NotIn'");
      case "Exists", "DoesNotExist" -> {
        if (!values.isEmpty()) {
          values.forbidden("may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
        }
      }
      default -> {
        if (!any) {
          operator.invalidText("not a valid selector operator");
        }
      }
    }
  }

  static boolean isWellFormed(At selector) {
    At alone = At.root(selector.value(), new ArrayList<>());
    check(alone);
    return alone.errors().isEmpty();
  }

  /// A selector that is well formed must choose what carries `labels`; an absent one chooses
  /// nothing.
  static void mustChoose(At selector, At labels) {
    boolean misses = !selector.isThere() || !matches(selector.value(), labels.value());
    if (isWellFormed(selector) && misses) {
      labels.invalid("`selector` does not match template `labels`");
    }
  }

  /// Whether a selector that passes [#check] chooses an object with these labels.
  static boolean matches(JsonNode selector, JsonNode labels) {
    List<LabelSelector.Requirement> requirements = new ArrayList<>();
    selector
        .path("matchLabels")
        .properties()
        .forEach(
            each ->
                requirements.add(
                    new LabelSelector.Requirement(
                        each.getKey(),
                        LabelSelector.Operator.IN,
                        List.of(each.getValue().asText()))));
    for (JsonNode each : selector.path("matchExpressions")) {
      List<String> values = new ArrayList<>();
      each.path("values").forEach(value -> values.add(value.asText()));
      requirements.add(
          new LabelSelector.Requirement(
              each.path("key").asText(), operator(each.path("operator").asText()), values));
    }
    return new LabelSelector(requirements).matches(texts(labels));
  }

  private static LabelSelector.Operator operator(String name) {
    return switch (name) {
      case "In" -> LabelSelector.Operator.IN;
      case "NotIn" -> LabelSelector.Operator.NOT_IN;
      case "DoesNotExist" -> LabelSelector.Operator.ABSENT;
      default -> LabelSelector.Operator.EXISTS;
    };
  }

  static Map<String, String> texts(JsonNode node) {
    Map<String, String> texts = new HashMap<>();
    node.properties().forEach(each -> texts.put(each.getKey(), each.getValue().asText()));
    return texts;
  }
}
