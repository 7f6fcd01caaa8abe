// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.expression;

import dev.cel.common.types.CelType;
import dev.cel.common.types.StructTypeReference;
import dev.cel.common.values.StructValue;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The value of `variables`: expressions by name, each evaluated when it is first asked for. One
/// thread at a time.
@SuppressWarnings("Immutable") // remembers what it has evaluated: the same each time
public final class Composition extends StructValue<String, Composition> {
  private final Map<String, Expression> expressions;
  private final Map<String, Object> given;
  private final Budget budget;
  private final Map<String, Object> known = new HashMap<>();

  /// @param given what the expressions see; the composition itself may be in it
  /// @param budget pays for them
  public Composition(
      Map<String, Expression> expressions, Map<String, Object> given, Budget budget) {
    this.expressions = expressions;
    this.given = given;
    this.budget = budget;
  }

  @Override
  public Object select(String name) {
    return find(name).orElseThrow(() -> new IllegalArgumentException("no such key: " + name));
  }

  @Override
  public Optional<Object> find(String name) {
    @Nullable Object value = known.get(name);
    @Nullable Expression expression = expressions.get(name);
    if (value == null && expression != null) {
      value =
          switch (expression.outcome(given, budget)) {
            case Outcome.Value(Object made) -> made;
            case Outcome.Failure(String message) ->
                throw new IllegalStateException(
                    "composited variable \"%s\" fails to evaluate: %s".formatted(name, message));
            case Outcome.Spent() -> throw EvaluationException.ofSpentBudget();
          };
      known.put(name, value);
    }
    return Optional.ofNullable(value);
  }

  @Override
  public Composition value() {
    return this;
  }

  @Override
  public boolean isZeroValue() {
    return expressions.isEmpty();
  }

  @Override
  public CelType celType() {
    return StructTypeReference.create("kubernetes.variables");
  }
}
