// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.authorization;

import dev.havn.schema.expression.Budget;
import dev.havn.schema.expression.EvaluationException;
import dev.havn.schema.expression.Expression;
import dev.havn.schema.expression.Scope;
import dev.havn.schema.expression.Values;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// Which questions a webhook is asked: all conditions must hold; one that does not decides,
/// whatever the others meet.
record MatchConditions(List<Expression> expressions) {
  static Expression compile(String text) {
    return Scope.accessReview().expression(text, Scope.Result.BOOL);
  }

  /// @throws IllegalArgumentException in Kubernetes' words when some have no value, and none is
  ///   false
  boolean hold(Attributes wish) {
    if (expressions.isEmpty()) {
      return true;
    }
    Map<String, Object> variables = Map.of("request", Values.of(AccessReviewSpec.whole(wish)));
    Budget budget = new Budget(Budget.OF_CONDITIONS);
    List<String> failures = new ArrayList<>();
    for (Expression each : expressions) {
      try {
        if (each.evaluate(variables, budget).equals(false)) {
          return false;
        }
      } catch (EvaluationException e) {
        failures.add("cel evaluation error: " + e.getMessage());
      }
    }
    if (failures.isEmpty()) {
      return true;
    }
    throw new IllegalArgumentException(
        failures.size() == 1 ? failures.getFirst() : "[" + String.join(", ", failures) + "]");
  }
}
