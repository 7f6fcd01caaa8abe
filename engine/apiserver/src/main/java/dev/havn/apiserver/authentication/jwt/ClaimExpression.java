// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.authentication.jwt;

import dev.havn.schema.expression.Budget;
import dev.havn.schema.expression.EvaluationException;
import dev.havn.schema.expression.Expression;
import dev.havn.schema.expression.Scope;
import dev.havn.schema.expression.Values;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/// A CEL expression over the claims of a token, or over the user that they make. For many threads.
public final class ClaimExpression {
  private static final Pattern LITERALS = Pattern.compile("\"[^\"]*\"|'[^']*'");
  private static final String NO_LIST = "expression must return a string or a list of strings";

  private final String text;
  private final Expression expression;

  private ClaimExpression(String text, Expression expression) {
    this.text = text;
    this.expression = expression;
  }

  /// What an expression may be about.
  enum About {
    CLAIMS,
    USER;

    Scope scope() {
      return this == CLAIMS ? Scope.claims() : Scope.user();
    }
  }

  /// What is wrong with an expression; empty when nothing is.
  static Optional<String> problem(String text, About about, Scope.Result wanted) {
    return about
        .scope()
        .problem(text, wanted)
        .map(problem -> problem.replaceFirst("^(must evaluate to \\S+) but got .*$", "$1"));
  }

  /// @throws IllegalArgumentException when there is a problem
  static ClaimExpression of(String text, About about, Scope.Result wanted) {
    return new ClaimExpression(text, about.scope().expression(text, wanted));
  }

  /// Whether a text reads a claim, as `claims.NAME` or `claims.?NAME`.
  static boolean reads(String text, String claim) {
    return Pattern.compile("\\bclaims\\s*\\.\\s*\\??\\s*" + claim + "\\b")
        .matcher(LITERALS.matcher(text).replaceAll("''"))
        .find();
  }

  String text() {
    return text;
  }

  /// @throws IllegalArgumentException in Kubernetes' words when it has no value
  Object evaluate(Map<String, ?> variables) {
    try {
      return expression.evaluate(variables, new Budget(Budget.OF_CONDITIONS));
    } catch (EvaluationException e) {
      throw new IllegalArgumentException(e.getMessage(), e);
    }
  }

  /// A text, or texts; empty ones are left out.
  ///
  /// @throws IllegalArgumentException when it is something else
  static List<String> texts(Object value) {
    return switch (value) {
      case String one -> one.isEmpty() ? List.of() : List.of(one);
      case List<?> several -> {
        List<String> texts = new ArrayList<>();
        for (Object each : several) {
          if (!(each instanceof String one)) {
            throw new IllegalArgumentException(NO_LIST);
          }
          if (!one.isEmpty()) {
            texts.add(one);
          }
        }
        yield texts;
      }
      default -> {
        if (!Values.toJson(value).isNull()) {
          throw new IllegalArgumentException(NO_LIST);
        }
        yield List.of();
      }
    };
  }
}
