// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.device;

import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.resource.v1.CapacityRequestPolicy;
import io.fabric8.kubernetes.api.model.resource.v1.CapacityRequestPolicyRange;
import io.fabric8.kubernetes.api.model.resource.v1.DeviceCapacity;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// How much of a device's capacity a request takes (KEP-5075): as much as it asks for, rounded up
/// to what the driver hands out; without asking what the driver gives then, or all.
final class CapacityPolicy {
  private static final List<String> UNITS = List.of("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei");
  private static final BigInteger STEP = BigInteger.valueOf(1_024);

  private CapacityPolicy() {}

  static Quantity consumed(DeviceCapacity capacity, @Nullable Quantity asked) {
    @Nullable CapacityRequestPolicy policy = capacity.getRequestPolicy();
    if (asked == null) {
      return policy != null && policy.getDefault() != null
          ? policy.getDefault()
          : capacity.getValue();
    }
    if (policy == null) {
      return asked;
    }
    @Nullable CapacityRequestPolicyRange range = policy.getValidRange();
    if (range != null && range.getMin() != null) {
      return inRange(range, asked);
    }
    if (policy.getValidValues() != null) {
      for (Quantity each : policy.getValidValues()) {
        if (amount(asked).compareTo(amount(each)) <= 0) {
          return each;
        }
      }
    }
    return asked;
  }

  private static Quantity inRange(CapacityRequestPolicyRange range, Quantity asked) {
    if (amount(asked).compareTo(amount(range.getMin())) < 0) {
      return range.getMin();
    }
    if (range.getStep() == null) {
      return asked;
    }
    BigInteger least = whole(range.getMin());
    BigInteger step = whole(range.getStep());
    BigInteger[] steps = whole(asked).subtract(least).divideAndRemainder(step);
    BigInteger count = steps[1].signum() == 0 ? steps[0] : steps[0].add(BigInteger.ONE);
    return binary(least.add(step.multiply(count)));
  }

  /// Whether a driver hands out so much, which is what [#consumed] says.
  static boolean allows(@Nullable CapacityRequestPolicy policy, Quantity consumed) {
    if (policy == null || (policy.getDefault() != null && isSame(policy.getDefault(), consumed))) {
      return true;
    }
    @Nullable CapacityRequestPolicyRange range = policy.getValidRange();
    if (range != null) {
      boolean tooMuch =
          range.getMax() != null && amount(consumed).compareTo(amount(range.getMax())) > 0;
      return !tooMuch && (range.getStep() == null || isOnStep(range, consumed));
    }
    return policy.getValidValues() == null
        || policy.getValidValues().isEmpty()
        || policy.getValidValues().stream().anyMatch(each -> isSame(each, consumed));
  }

  private static boolean isOnStep(CapacityRequestPolicyRange range, Quantity consumed) {
    BigInteger least = range.getMin() == null ? BigInteger.ZERO : whole(range.getMin());
    return whole(consumed).subtract(least).mod(whole(range.getStep())).signum() == 0;
  }

  private static boolean isSame(Quantity one, Quantity other) {
    return amount(one).compareTo(amount(other)) == 0;
  }

  static BigDecimal amount(Quantity quantity) {
    return Quantity.getAmountInBytes(quantity);
  }

  /// Fractions count as a whole one.
  private static BigInteger whole(Quantity quantity) {
    return amount(quantity).setScale(0, RoundingMode.UP).toBigInteger();
  }

  private static Quantity binary(BigInteger amount) {
    BigInteger left = amount;
    int unit = 0;
    while (left.signum() != 0 && unit < UNITS.size() - 1 && left.remainder(STEP).signum() == 0) {
      left = left.divide(STEP);
      unit++;
    }
    return new Quantity(left.toString(), UNITS.get(unit));
  }
}
