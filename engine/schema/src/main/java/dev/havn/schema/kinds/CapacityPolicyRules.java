// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import java.math.BigDecimal;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// In what amounts a device's capacity may be asked for by several claims (KEP-5075).
final class CapacityPolicyRules {
  private static final int VALUES_MAX = 10;

  private CapacityPolicyRules() {}

  /// @param shared whether the device may be given to several claims
  static void check(At capacity, boolean shared) {
    At policy = capacity.at("requestPolicy");
    At values = policy.at("validValues");
    At range = policy.at("validRange");
    if (!policy.isThere()) {
      return;
    }
    if (!shared) {
      policy.forbidden("allowMultipleAllocations must be true");
    } else if (!values.isEmpty() && range.isThere()) {
      policy.forbidden(
          "exactly one policy can be specified, cannot specify \"validValues\" and"
              + " \"validRange\" at the same time");
    } else if (!values.isEmpty()) {
      values(policy.at("default"), values, capacity.at("value"));
    } else if (range.isThere()) {
      range(policy.at("default"), range, capacity.at("value"));
    }
  }

  private static BigDecimal amount(At quantity) {
    return quantity.quantity().amount();
  }

  private static void values(At unsaid, At values, At whole) {
    if (!unsaid.isThere()) {
      unsaid.required("required when validValues is defined");
      return;
    }
    boolean among = false;
    if (values.holdsAtMost(VALUES_MAX)) {
      @Nullable BigDecimal last = null;
      Set<BigDecimal> seen = new HashSet<>();
      for (At value : values.items()) {
        BigDecimal amount = amount(value);
        if (last != null && amount.compareTo(last) < 0) {
          value.invalid("values must be sorted in ascending order");
        }
        if (amount.compareTo(amount(whole)) > 0) {
          value.invalid("option is larger than capacity value: " + whole.text());
        }
        among |= amount.compareTo(amount(unsaid)) == 0;
        last = amount;
      }
      for (At value : values.items()) {
        if (!seen.add(amount(value).stripTrailingZeros())) {
          value.duplicate();
        }
      }
    }
    if (!among) {
      unsaid
          .named(values.path())
          .invalid("default value is not valid according to the requestPolicy");
    }
  }

  private static void range(At unsaid, At range, At whole) {
    At least = range.at("min");
    At most = range.at("max");
    At step = range.at("step");
    if (!least.isThere()) {
      least.required("required when validRange is defined");
      return;
    }
    if (!unsaid.isThere()) {
      unsaid.required("required when validRange is defined");
      return;
    }
    if (amount(least).compareTo(amount(whole)) > 0) {
      least.invalid("min is larger than capacity value: " + whole.text());
    }
    if (amount(unsaid).compareTo(amount(least)) < 0) {
      unsaid.named(least.path()).invalid("default is less than min: " + least.text());
    }
    if (most.isThere()) {
      most(unsaid, least, most, whole);
    }
    if (step.isThere() && amount(step).signum() > 0) {
      step(unsaid, range, whole);
    }
  }

  private static void most(At unsaid, At least, At most, At whole) {
    if (amount(most).compareTo(amount(whole)) > 0) {
      most.invalid("max is larger than capacity value: " + whole.text());
    }
    if (amount(least).compareTo(amount(most)) > 0) {
      least.named(most.path()).invalid("min is larger than max: " + most.text());
    }
    if (amount(unsaid).compareTo(amount(most)) > 0) {
      unsaid.named(most.path()).invalid("default is more than max: " + most.text());
    }
  }

  private static void step(At unsaid, At range, At whole) {
    At least = range.at("min");
    At step = range.at("step");
    BigDecimal one = amount(least).add(amount(step));
    if (one.compareTo(amount(whole)) > 0) {
      step.invalid(
          "one step %s is larger than capacity value: %s"
              .formatted(one.toPlainString(), whole.text()));
    }
    for (At each : new At[] {unsaid, range.at("max")}) {
      if (each.isThere()
          && amount(each).subtract(amount(least)).remainder(amount(step)).signum() != 0) {
        each.named(step.path())
            .invalid(
                "value is not a multiple of a given step (%s) from (%s)"
                    .formatted(step.text(), least.text()));
      }
    }
  }
}
