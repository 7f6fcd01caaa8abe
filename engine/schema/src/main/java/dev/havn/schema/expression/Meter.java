// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.expression;

import dev.cel.common.ast.CelExpr;
import dev.cel.runtime.CelEvaluationListener;
import java.util.BitSet;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Counts what one evaluation costs and stops it when that is too much. A function is paid for when
/// the last of its arguments is known, before it is called.
final class Meter implements CelEvaluationListener {
  /// Of one evaluation.
  static final long COST_MAX = 1_000_000;

  /// A longer text cannot be read once for what an evaluation may cost.
  static final int CHARS_MAX = (int) (COST_MAX / CallCost.PER_CHAR);

  /// The same of lists and maps.
  static final int ITEMS_MAX = (int) COST_MAX;

  /// How many values may be looked at beside what is charged for it, see [Weight]: those that are
  /// compared, and those in what a variable holds, which dev.cel walks each time it is read.
  static final long SEEN_MAX = 20 * COST_MAX;

  private final Tariff tariff;
  private final @Nullable Object[] values;
  private final BitSet tested = new BitSet();
  private long cost;
  private final Map<String, ?> variables;
  private final Map<String, Long> weights = new HashMap<>();
  private long seen;
  private boolean isExceeded;

  Meter(Tariff tariff, Map<String, ?> variables) {
    this.tariff = tariff;
    this.variables = variables;
    this.values = new Object[tariff.size()];
  }

  /// More than one evaluation may cost.
  static final class ExceededException extends RuntimeException {
    ExceededException() {
      super(Outcome.CANCELLED, null, false, false);
    }
  }

  long cost() {
    return cost;
  }

  boolean isExceeded() {
    return isExceeded;
  }

  @Override
  public void callback(CelExpr expression, Object value) {
    int id = (int) expression.id();
    if (tariff.isTest(id) && isHeardFirst(id)) {
      return;
    }
    values[id] = value;
    if (!isFree(id, value)) {
      cost += tariff.price(id);
    }
    Tariff.@Nullable Call call = tariff.completedBy(id);
    if (call != null) {
      List<Object> arguments = arguments(call.arguments());
      cost += call.cost().of(arguments);
      if (call.compares()) {
        arguments.forEach(each -> seen += Weight.of(each, SEEN_MAX));
      }
    }
    @Nullable String variable = tariff.readBy(id);
    if (variable != null) {
      seen += weight(variable, value);
    }
    if (isExceeded || cost > COST_MAX || seen > SEEN_MAX || isTooLarge(value)) {
      isExceeded = true;
      throw new ExceededException();
    }
  }

  /// Of what is walked when a variable is read; that of a loop is known by what was read of it.
  private long weight(String variable, Object read) {
    @Nullable Object whole = variables.get(variable);
    return whole == null
        ? Weight.of(read, SEEN_MAX)
        : weights.computeIfAbsent(variable, _ -> Weight.of(whole, SEEN_MAX));
  }

  private boolean isHeardFirst(int id) {
    tested.flip(id);
    return tested.get(id);
  }

  /// An item that is not there costs nothing.
  private boolean isFree(int id, Object value) {
    return tariff.isAccess(id) && value instanceof Optional<?> optional && optional.isEmpty();
  }

  private List<Object> arguments(int[] ids) {
    Object[] found = new Object[ids.length];
    for (int i = 0; i < ids.length; i++) {
      @Nullable Object value = values[ids[i]];
      found[i] = value == null ? "" : value;
    }
    return List.of(found);
  }

  private static boolean isTooLarge(Object value) {
    return switch (value) {
      case String text -> text.length() > CHARS_MAX;
      case Collection<?> items -> items.size() > ITEMS_MAX;
      case Map<?, ?> map -> map.size() > ITEMS_MAX;
      default -> false;
    };
  }
}
