// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import dev.havn.schema.expression.Scope;
import dev.havn.schema.validate.FieldError;

/// Expressions as fields.
final class Expressions {
  private Expressions() {}

  static void check(At field, Scope scope, Scope.Result result) {
    check(field, field.text(), scope, result);
  }

  /// @param expression the text as it is compiled, and shown when it is wrong
  static void check(At field, String expression, Scope scope, Scope.Result result) {
    scope
        .problem(expression, result)
        .ifPresent(
            problem -> field.errors().add(FieldError.invalid(field.path(), expression, problem)));
  }
}
