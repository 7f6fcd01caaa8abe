// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.expression;

import java.util.List;

/// An expression that has no value for what it was given, in Kubernetes' words.
public final class EvaluationException extends RuntimeException {
  private EvaluationException(String message) {
    super(message);
  }

  /// Several in one: `[first, second]`.
  public static EvaluationException ofAll(List<EvaluationException> all) {
    return new EvaluationException(
        "[" + String.join(", ", all.stream().map(Throwable::getMessage).toList()) + "]");
  }

  EvaluationException(String message, Throwable cause) {
    super(message, cause);
  }
}
