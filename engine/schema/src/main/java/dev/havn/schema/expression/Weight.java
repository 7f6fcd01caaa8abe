// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.expression;

import java.util.Collection;
import java.util.Map;

/// How much there is to look at in a value, at any depth. Kubernetes charges a comparison by the
/// number of items alone, though each may hold more, and the same ones many times: so what is
/// compared is counted beside the cost.
final class Weight {
  private final long limit;
  private long counted;

  private Weight(long limit) {
    this.limit = limit;
  }

  /// @param limit where it stops to count
  static long of(Object value, long limit) {
    Weight weight = new Weight(limit);
    weight.add(value);
    return weight.counted;
  }

  private void add(Object value) {
    counted++;
    switch (value) {
      case String text -> counted += CallCost.read(text.length(), 1);
      case Collection<?> items -> {
        for (Object each : items) {
          if (counted > limit) {
            return;
          }
          add(each);
        }
      }
      case Map<?, ?> map -> {
        for (Object each : map.values()) {
          if (counted > limit) {
            return;
          }
          add(each);
        }
      }
      default -> {}
    }
  }
}
