// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.expression;

/// What came of an evaluation.
public sealed interface Outcome {
  /// What a [Failure] says when the expression cost more than one may.
  String CANCELLED = "operation cancelled: actual cost limit exceeded";

  /// @param value as [Values] has them
  record Value(Object value) implements Outcome {}

  /// There is no value for what was given.
  ///
  /// @param message as Kubernetes words it
  record Failure(String message) implements Outcome {}

  /// The budget is spent.
  record Spent() implements Outcome {}
}
