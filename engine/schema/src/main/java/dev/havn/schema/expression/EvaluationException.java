// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.expression;

import java.util.List;

/// An expression that has no value for what it was given, in Kubernetes' words.
public final class EvaluationException extends RuntimeException {
  private final boolean isOfBudget;

  private EvaluationException(String message, boolean isOfBudget) {
    super(message);
    this.isOfBudget = isOfBudget;
  }

  /// @param expression its text
  static EvaluationException of(String expression, String message) {
    return new EvaluationException(
        "expression '" + expression.strip() + "' resulted in error: " + message, false);
  }

  static EvaluationException ofSpentBudget() {
    return new EvaluationException(Budget.SPENT, true);
  }

  /// Whether there was nothing left to pay for the evaluation, so that none after it is worth a
  /// try.
  public boolean isOfBudget() {
    return isOfBudget;
  }

  /// Several in one: `[first, second]`.
  public static EvaluationException ofAll(List<EvaluationException> all) {
    return new EvaluationException(
        "[" + String.join(", ", all.stream().map(Throwable::getMessage).toList()) + "]", false);
  }

  EvaluationException(String message, Throwable cause) {
    super(message, cause);
    isOfBudget = false;
  }
}
