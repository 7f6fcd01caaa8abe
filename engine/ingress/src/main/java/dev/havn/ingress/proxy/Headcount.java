// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.proxy;

import java.util.HashMap;
import java.util.Map;

/// Counts what each holds of something, up to a bound for each.
final class Headcount {
  private final Map<Object, Integer> counts = new HashMap<>();

  /// @return whether there was room for one more, which is taken then
  synchronized boolean enter(Object who, int most) {
    int before = counts.getOrDefault(who, 0);
    if (before >= most) {
      return false;
    }
    counts.put(who, before + 1);
    return true;
  }

  synchronized void leave(Object who) {
    counts.computeIfPresent(who, (_, count) -> count <= 1 ? null : count - 1);
  }
}
