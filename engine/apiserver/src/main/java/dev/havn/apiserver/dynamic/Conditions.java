// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.dynamic;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.schema.expression.Budget;
import dev.havn.schema.expression.EvaluationException;
import dev.havn.schema.expression.Expression;
import dev.havn.schema.expression.Scope;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// `matchConditions`: all must hold; one that does not hold decides, whatever the others meet.
///
/// @param ignoresFailure whether a condition without a value counts as one that does not hold
record Conditions(List<Expression> expressions, boolean ignoresFailure) {

  /// @param parameters whether there are any
  static Conditions of(JsonNode list, boolean parameters, boolean ignoresFailure) {
    List<Expression> expressions = new ArrayList<>();
    for (JsonNode each : list) {
      String text = each.path("expression").asText();
      expressions.add(Scope.admission(parameters, true, false).expression(text, Scope.Result.BOOL));
    }
    return new Conditions(expressions, ignoresFailure);
  }

  /// @throws EvaluationException when some have no value, none is false, and that is a failure
  boolean hold(Map<String, ?> variables) {
    List<EvaluationException> failures = new ArrayList<>();
    Budget budget = new Budget(Budget.OF_CONDITIONS);
    for (Expression each : expressions) {
      try {
        if (each.evaluate(variables, budget).equals(false)) {
          return false;
        }
      } catch (EvaluationException e) {
        if (e.isOfBudget()) {
          failures = List.of(e);
          break;
        }
        failures.add(e);
      }
    }
    if (failures.isEmpty()) {
      return true;
    }
    if (ignoresFailure) {
      return false;
    }
    throw failures.size() == 1 ? failures.getFirst() : EvaluationException.ofAll(failures);
  }
}
