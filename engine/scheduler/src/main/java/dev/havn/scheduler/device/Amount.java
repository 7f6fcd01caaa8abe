// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.device;

import io.fabric8.kubernetes.api.model.Quantity;
import java.math.BigDecimal;

/// A quantity in an expression: equal to all that are as much.
record Amount(BigDecimal value) implements Comparable<Amount> {
  Amount {
    value = value.signum() == 0 ? BigDecimal.ZERO : value.stripTrailingZeros();
  }

  Amount(Quantity quantity) {
    this(Quantity.getAmountInBytes(quantity));
  }

  static Amount parse(String text) {
    return new Amount(new Quantity(text));
  }

  static boolean isOne(String text) {
    try {
      return parse(text).value() != null;
    } catch (IllegalArgumentException | ArithmeticException none) {
      return false;
    }
  }

  @Override
  public int compareTo(Amount other) {
    return value.compareTo(other.value);
  }
}
