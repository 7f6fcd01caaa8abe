// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.custom;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.schema.expression.Expression;
import dev.havn.schema.expression.SchemaTypes;
import dev.havn.schema.expression.Scope;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The rules of a schema, compiled, where they stand; parts without rules are left out.
///
/// @param schema that of the structure, by which values are read
/// @param isResource whether values are whole resources
/// @param allOf rules that demand more of the same value
record RuleTree(
    JsonNode schema,
    boolean isResource,
    List<Rule> rules,
    Map<String, RuleTree> properties,
    @Nullable RuleTree items,
    @Nullable RuleTree additional,
    List<RuleTree> allOf) {
  private static final String RULES = "x-kubernetes-validations";
  private static final Pattern QUOTED = Pattern.compile("\\['((?:[^'\\\\]|\\\\.)*)']");

  /// @param expression null when it cannot be compiled
  /// @param problem why it cannot, else empty
  /// @param shown the expression as errors show it
  /// @param words what is said when it does not hold
  /// @param message an expression that says it better, or null
  /// @param fieldPath the field below the value that is to blame, or empty
  /// @param isTransition whether it compares with what was before
  record Rule(
      @Nullable Expression expression,
      String problem,
      String shown,
      String words,
      @Nullable Expression message,
      String reason,
      String fieldPath,
      boolean isTransition,
      boolean hasOptionalOldSelf) {}

  /// Empty when there are no rules at all.
  static Optional<RuleTree> of(JsonNode schema) {
    return of(schema, true);
  }

  /// @param root whether it is the schema of a whole resource
  static Optional<RuleTree> of(JsonNode schema, boolean root) {
    return Optional.ofNullable(of(schema, schema, root));
  }

  /// @param demands where the rules stand: the structure itself, or a part of its `allOf`
  private static @Nullable RuleTree of(JsonNode demands, JsonNode schema, boolean root) {
    if (demands.findValue(RULES) == null) {
      return null;
    }
    boolean resource = root || schema.path("x-kubernetes-embedded-resource").asBoolean();
    Map<String, RuleTree> properties = new TreeMap<>();
    for (Map.Entry<String, JsonNode> each : demands.path("properties").properties()) {
      JsonNode below = schema.path("properties").path(each.getKey());
      @Nullable RuleTree tree = below.isObject() ? of(each.getValue(), below, false) : null;
      if (tree != null) {
        properties.put(each.getKey(), tree);
      }
    }
    List<RuleTree> allOf = new ArrayList<>();
    for (JsonNode each : demands.path("allOf")) {
      @Nullable RuleTree tree = of(each, schema, root);
      if (tree != null) {
        allOf.add(tree);
      }
    }
    return new RuleTree(
        schema,
        resource,
        rules(demands.path(RULES), schema, root),
        properties,
        child(demands.path("items"), schema.path("items")),
        child(demands.path("additionalProperties"), schema.path("additionalProperties")),
        allOf);
  }

  private static @Nullable RuleTree child(JsonNode demands, JsonNode schema) {
    return demands.isObject() && schema.isObject() ? of(demands, schema, false) : null;
  }

  private static List<Rule> rules(JsonNode rules, JsonNode schema, boolean root) {
    List<Rule> compiled = new ArrayList<>();
    for (JsonNode each : rules) {
      boolean optional = each.path("optionalOldSelf").asBoolean();
      SchemaTypes.scope(schema, root, optional)
          .map(scope -> rule(each, scope, optional))
          .ifPresent(compiled::add);
    }
    return List.copyOf(compiled);
  }

  private static Rule rule(JsonNode rule, Scope scope, boolean optional) {
    String text = rule.path("rule").asText();
    String shown = text.strip();
    String message = rule.path("message").asText("");
    String expression = rule.path("messageExpression").asText("");
    @Nullable Expression better = null;
    if (!expression.isEmpty() && scope.problem(expression, Scope.Result.STRING).isEmpty()) {
      better = scope.expression(expression, Scope.Result.STRING);
    }
    String problem = scope.problem(text, Scope.Result.BOOL).orElse("");
    @Nullable Expression own = problem.isEmpty() ? scope.expression(text, Scope.Result.BOOL) : null;
    return new Rule(
        own,
        problem,
        shown,
        message.isEmpty() ? "failed rule: " + shown : message.strip(),
        better,
        rule.path("reason").asText("FieldValueInvalid"),
        fieldPath(rule.path("fieldPath").asText("")),
        own != null && own.uses("oldSelf"),
        optional);
  }

  /// `.a['b.c']` as errors show it: `a.b.c`.
  private static String fieldPath(String path) {
    String plain = QUOTED.matcher(path).replaceAll(".$1");
    return plain.startsWith(".") ? plain.substring(1) : plain;
  }
}
