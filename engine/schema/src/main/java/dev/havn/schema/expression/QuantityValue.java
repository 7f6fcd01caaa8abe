// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.expression;

import dev.havn.schema.codec.CodecException;
import dev.havn.schema.validate.Quantity;
import java.math.BigDecimal;

/// A quantity in an expression: equal to all that are as much.
record QuantityValue(BigDecimal amount) implements Comparable<QuantityValue> {
  QuantityValue {
    amount = amount.signum() == 0 ? BigDecimal.ZERO : amount.stripTrailingZeros();
  }

  static QuantityValue parse(String text) {
    try {
      return new QuantityValue(Quantity.parse(text).amount());
    } catch (CodecException | IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
          e);
    }
  }

  static boolean isOne(String text) {
    try {
      return parse(text) != null;
    } catch (IllegalArgumentException none) {
      return false;
    }
  }

  QuantityValue plus(BigDecimal more) {
    return new QuantityValue(amount.add(more));
  }

  boolean isInteger() {
    return amount.scale() <= 0 && amount.precision() - amount.scale() <= 19 && fits();
  }

  private boolean fits() {
    return amount.compareTo(BigDecimal.valueOf(Long.MAX_VALUE)) <= 0
        && amount.compareTo(BigDecimal.valueOf(Long.MIN_VALUE)) >= 0;
  }

  long asInteger() {
    if (!isInteger()) {
      throw new IllegalArgumentException("cannot convert value to integer");
    }
    return amount.longValueExact();
  }

  @Override
  public int compareTo(QuantityValue other) {
    return amount.compareTo(other.amount);
  }
}
