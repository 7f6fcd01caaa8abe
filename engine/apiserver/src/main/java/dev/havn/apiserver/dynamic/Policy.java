// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.dynamic;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.expression.Budget;
import dev.havn.schema.expression.Composition;
import dev.havn.schema.expression.Expression;
import dev.havn.schema.expression.Scope;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// A policy, validating or mutating, compiled, with its bindings.
///
/// @param parameters `paramKind`, or missing
/// @param ignoresFailure whether a policy that cannot be evaluated is as good as none
/// @param reinvoked whether it is applied again after others changed the object
record Policy(
    String name,
    Matching matching,
    Conditions conditions,
    JsonNode parameters,
    boolean ignoresFailure,
    boolean reinvoked,
    Map<String, Expression> variables,
    List<Validation> validations,
    List<Annotation> annotations,
    List<Mutation> mutations,
    List<Binding> bindings) {

  /// @param message to be said, or empty
  /// @param messages that makes one, or none
  record Validation(
      Expression expression,
      String text,
      String message,
      List<Expression> messages,
      String reason) {}

  record Annotation(String key, Expression value, String text) {}

  /// @param patches whether it makes a list of operations, not a configuration to apply
  record Mutation(Expression expression, boolean patches) {}

  /// Where and with which parameters a policy is in force.
  ///
  /// @param matching without rules when it narrows nothing
  record Binding(String name, Matching matching, JsonNode reference, List<String> actions) {
    static Binding of(ObjectNode binding) {
      List<String> actions = new ArrayList<>();
      binding.path("spec").path("validationActions").forEach(each -> actions.add(each.asText()));
      return new Binding(
          binding.path("metadata").path("name").asText(),
          Matching.of(binding.path("spec").path("matchResources"), "resourceRules"),
          binding.path("spec").path("paramRef"),
          actions);
    }
  }

  /// @throws IllegalArgumentException when an expression of it cannot be compiled
  static Policy of(ObjectNode object, List<Binding> bindings) {
    JsonNode spec = object.path("spec");
    boolean parameters = spec.path("paramKind").isObject();
    boolean ignores = spec.path("failurePolicy").asText("Fail").equals("Ignore");
    boolean mutates = spec.has("mutations");
    Scope scope = Scope.admission(parameters, true, mutates);
    Map<String, Expression> variables = new LinkedHashMap<>();
    for (JsonNode each : spec.path("variables")) {
      String name = each.path("name").asText();
      variables.put(name, scope.defining(name, each.path("expression").asText()));
    }
    return new Policy(
        object.path("metadata").path("name").asText(),
        Matching.of(spec.path("matchConstraints"), "resourceRules"),
        Conditions.of(spec.path("matchConditions"), parameters, ignores),
        spec.path("paramKind"),
        ignores,
        spec.path("reinvocationPolicy").asText("Never").equals("IfNeeded"),
        variables,
        validations(spec, scope, parameters),
        annotations(spec, scope),
        mutations(spec, scope),
        bindings);
  }

  private static List<Validation> validations(JsonNode spec, Scope scope, boolean parameters) {
    List<Validation> validations = new ArrayList<>();
    for (JsonNode each : spec.path("validations")) {
      String text = each.path("expression").asText();
      String words = each.path("messageExpression").asText("");
      validations.add(
          new Validation(
              scope.expression(text, Scope.Result.BOOL),
              text.strip(),
              each.path("message").asText("").strip(),
              words.isEmpty()
                  ? List.of()
                  : List.of(
                      scope.withoutAuthorizer(parameters).expression(words, Scope.Result.STRING)),
              each.path("reason").asText("Invalid")));
    }
    return validations;
  }

  private static List<Annotation> annotations(JsonNode spec, Scope scope) {
    List<Annotation> annotations = new ArrayList<>();
    for (JsonNode each : spec.path("auditAnnotations")) {
      String text = each.path("valueExpression").asText();
      annotations.add(
          new Annotation(
              each.path("key").asText(),
              scope.expression(text, Scope.Result.STRING_OR_NULL),
              text));
    }
    return annotations;
  }

  private static List<Mutation> mutations(JsonNode spec, Scope scope) {
    List<Mutation> mutations = new ArrayList<>();
    for (JsonNode each : spec.path("mutations")) {
      boolean patches = each.path("patchType").asText().equals("JSONPatch");
      String text =
          each.path(patches ? "jsonPatch" : "applyConfiguration").path("expression").asText();
      mutations.add(
          new Mutation(
              scope.expression(text, patches ? Scope.Result.PATCHES : Scope.Result.OBJECT),
              patches));
    }
    return mutations;
  }

  /// The variables of one evaluation, with those of the policy itself.
  ///
  /// @param budget pays for the policy's own
  Map<String, Object> variables(Map<String, Object> given, Object parameter, Budget budget) {
    Map<String, Object> all = new LinkedHashMap<>(given);
    all.put("params", parameter);
    all.put("variables", new Composition(variables, all, budget));
    return all;
  }
}
