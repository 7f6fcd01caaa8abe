// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.custom;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.schema.expression.Budget;
import dev.havn.schema.expression.Expression;
import dev.havn.schema.expression.Outcome;
import dev.havn.schema.expression.SchemaValues;
import dev.havn.schema.validate.FieldError;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Runs the rules of a schema (`x-kubernetes-validations`) on an object. What did not change is not
/// refused by a rule that only looks at it (KEP-4008): its writer is warned.
final class RuleCheck {
  private static final int MESSAGE_CHARS_MAX = 5 * 1024;
  private final Consumer<String> warnings;
  private final List<FieldError> errors = new ArrayList<>();
  private final Budget budget;

  /// Whether what did not change is not refused.
  private final boolean excuses;

  /// Whether no further rules are run.
  private boolean isOver;

  private RuleCheck(Consumer<String> warnings, Budget budget, boolean excuses) {
    this.warnings = warnings;
    this.budget = budget;
    this.excuses = excuses;
  }

  /// @param before what stood there, or null
  /// @param warnings gets what was tolerated
  static List<FieldError> check(
      RuleTree rules, @Nullable JsonNode before, JsonNode object, Consumer<String> warnings) {
    RuleCheck check = new RuleCheck(warnings, new Budget(Budget.OF_A_WRITE), true);
    check.node(rules, new Place(object, before, "", false));
    return check.errors;
  }

  /// Of a default in a schema, which nothing excuses.
  ///
  /// @param budget for all defaults together
  static List<FieldError> checkDefault(
      RuleTree rules, @Nullable JsonNode before, JsonNode value, String path, Budget budget) {
    RuleCheck check = new RuleCheck(_ -> {}, budget, false);
    check.node(rules, new Place(value, before, path, false));
    return check.errors;
  }

  /// A value that is looked at.
  ///
  /// @param before what it was, null when it was not there or cannot be told
  /// @param kept whether what it is part of is as it was, for values that have no past of their own
  private record Place(JsonNode value, @Nullable JsonNode before, String path, boolean kept) {
    boolean isUnchanged() {
      return before == null ? kept : before.equals(value);
    }

    String shownPath() {
      return path.isEmpty() ? "<nil>" : path;
    }
  }

  private void node(RuleTree tree, Place place) {
    if (isOver || place.value().isNull() || place.value().isMissingNode()) {
      return;
    }
    run(tree, place);
    for (RuleTree each : tree.allOf()) {
      node(each, place);
    }
    if (place.value().isArray()) {
      items(tree, place);
    } else if (place.value().isObject()) {
      fields(tree, place);
    }
  }

  private void items(RuleTree tree, Place place) {
    @Nullable RuleTree items = tree.items();
    if (items == null) {
      return;
    }
    Correlation old = Correlation.of(place.before(), tree.schema());
    for (int i = 0; i < place.value().size(); i++) {
      JsonNode item = place.value().get(i);
      String path = place.path() + "[" + i + "]";
      node(items, new Place(item, old.of(item), path, place.isUnchanged()));
    }
  }

  private void fields(RuleTree tree, Place place) {
    Map<String, JsonNode> sorted = new TreeMap<>();
    place.value().properties().forEach(each -> sorted.put(each.getKey(), each.getValue()));
    for (Map.Entry<String, JsonNode> each : sorted.entrySet()) {
      @Nullable RuleTree below = tree.properties().get(each.getKey());
      String name = each.getKey();
      String path = place.path().isEmpty() ? name : place.path() + "." + name;
      if (below == null && tree.additional() != null) {
        below = tree.additional();
        path = place.path() + "[" + name + "]";
      }
      if (below != null) {
        @Nullable JsonNode old = place.before() == null ? null : place.before().get(name);
        node(below, new Place(each.getValue(), old, path, false));
      }
    }
  }

  private void run(RuleTree tree, Place place) {
    if (tree.rules().isEmpty()) {
      return;
    }
    if (budget.left() <= 0) {
      end(tree, place, Budget.SPENT);
      return;
    }
    JsonNode schema = tree.schema();
    boolean root = tree.isResource();
    Map<String, Object> plain = new HashMap<>();
    plain.put("self", SchemaValues.of(place.value(), schema, root));
    Map<String, Object> optional = new HashMap<>(plain);
    if (place.before() != null) {
      plain.put("oldSelf", SchemaValues.of(place.before(), schema, root));
    }
    optional.put("oldSelf", SchemaValues.optional(place.before(), schema, root));
    for (RuleTree.Rule rule : tree.rules()) {
      boolean skipped = rule.isTransition() && place.before() == null && !rule.hasOptionalOldSelf();
      if (!skipped && !isOver) {
        run(tree, place, rule, rule.hasOptionalOldSelf() ? optional : plain);
      }
    }
  }

  private void run(RuleTree tree, Place place, RuleTree.Rule rule, Map<String, Object> variables) {
    @Nullable Expression expression = rule.expression();
    if (expression == null) {
      refuse(tree, place, "rule compile error: " + rule.problem());
      return;
    }
    switch (expression.outcome(variables, budget)) {
      case Outcome.Spent() -> end(tree, place, Budget.SPENT);
      case Outcome.Failure(String message) when message.equals(Outcome.CANCELLED) ->
          end(
              tree,
              place,
              "'%s': no further validation rules will be run due to call cost exceeds limit for rule: %s"
                  .formatted(message, rule.shown()));
      case Outcome.Failure(String message) -> {
        String words =
            message.startsWith("no such overload") || message.startsWith("No matching overload")
                ? "'no such overload': call arguments did not match a supported operator, function or macro signature for rule: "
                : message + " evaluating rule: ";
        refuse(tree, place, words + rule.shown());
      }
      case Outcome.Value(Object value) -> {
        if (!Boolean.TRUE.equals(value)) {
          failed(tree, place, rule, variables);
        }
      }
    }
  }

  /// No further rules are run.
  private void end(RuleTree tree, Place place, String detail) {
    refuse(tree, place, detail);
    isOver = true;
  }

  /// The rule itself could not be run.
  private void refuse(RuleTree tree, Place place, String detail) {
    String type = tree.schema().path("type").asText("");
    errors.add(FieldError.invalid(place.shownPath(), type, detail));
  }

  private void failed(
      RuleTree tree, Place place, RuleTree.Rule rule, Map<String, Object> variables) {
    String path = place.path();
    if (!rule.fieldPath().isEmpty()) {
      String below = rule.fieldPath();
      path = path.isEmpty() || below.startsWith("[") ? path + below : path + "." + below;
    }
    String shownPath = path.isEmpty() ? "<nil>" : path;
    String detail = message(rule, variables);
    FieldError error =
        isOver
            ? FieldError.invalid(shownPath, tree.schema().path("type").asText(""), detail)
            : error(tree, rule, shownPath, place.value(), detail);
    if (excuses && !rule.isTransition() && place.isUnchanged()) {
      warnings.accept(error.toString());
    } else {
      errors.add(error);
    }
  }

  private static FieldError error(
      RuleTree tree, RuleTree.Rule rule, String path, JsonNode value, String detail) {
    String type = tree.schema().path("type").asText("");
    boolean omits = type.equals("object") || type.equals("array");
    @Nullable String shown = omits ? null : value.toString();
    return switch (rule.reason()) {
      case "FieldValueForbidden" -> FieldError.forbidden(path, detail);
      case "FieldValueRequired" -> FieldError.required(path, detail);
      case "FieldValueDuplicate" -> new FieldError(FieldError.Type.DUPLICATE, path, shown, "");
      default -> new FieldError(FieldError.Type.INVALID, path, shown, detail);
    };
  }

  /// The message that an expression makes, if it makes one, else that of the rule. When that costs
  /// too much, what is said of it, and no further rules are run.
  private String message(RuleTree.Rule rule, Map<String, Object> variables) {
    @Nullable Expression expression = rule.message();
    if (expression == null) {
      return rule.words();
    }
    return switch (expression.outcome(variables, budget)) {
      case Outcome.Value(String text) when isUsable(text.strip()) -> text.strip();
      case Outcome.Value(Object _) -> rule.words();
      case Outcome.Failure(String message) when message.equals(Outcome.CANCELLED) -> {
        isOver = true;
        yield "no further validation rules will be run due to call cost exceeds limit for messageExpression: "
            + FieldError.quote(expression.text());
      }
      case Outcome.Failure(String _) -> rule.words();
      case Outcome.Spent() -> {
        isOver = true;
        yield "messageExpression evaluation failed due to running out of cost budget, no further validation rules will be run";
      }
    };
  }

  private static boolean isUsable(String message) {
    return !message.isEmpty() && !message.contains("\n") && message.length() <= MESSAGE_CHARS_MAX;
  }
}
