// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import dev.havn.node.configuration.EvictionSignal;
import dev.havn.node.configuration.EvictionThreshold;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Which thresholds a node is below, and since when. For one look at a time.
final class Thresholds {
  private final List<EvictionThreshold> all;
  private final Map<EvictionThreshold, Instant> since = new HashMap<>();

  /// What there is of something.
  ///
  /// @param capacity of which `available` is left
  record Amounts(long available, long capacity) {}

  /// A threshold that the node is below.
  ///
  /// @param isDue whether its grace is over, so that pods end
  record Met(EvictionThreshold threshold, Amounts amounts, boolean isDue) {}

  Thresholds(List<EvictionThreshold> all) {
    this.all = all;
  }

  /// Notes what is left. What nobody could measure is not short.
  ///
  /// @return those that are met, also such whose grace is not over
  List<Met> observe(Map<EvictionSignal, Amounts> left, Instant now) {
    for (EvictionThreshold each : all) {
      @Nullable Amounts amounts = left.get(each.signal());
      if (amounts != null && isMet(each, amounts)) {
        since.putIfAbsent(each, now);
      } else {
        since.remove(each);
      }
    }
    return all.stream()
        .filter(since::containsKey)
        .map(
            each ->
                new Met(
                    each,
                    left.getOrDefault(each.signal(), new Amounts(0, 0)),
                    !since.getOrDefault(each, now).plus(each.grace()).isAfter(now)))
        .toList();
  }

  /// Once below a threshold, a node must get well above it.
  private boolean isMet(EvictionThreshold threshold, Amounts amounts) {
    long wanted = threshold.amount().of(amounts.capacity());
    return amounts.available() < wanted
        || (since.containsKey(threshold)
            && amounts.available() < wanted + threshold.reclaimed().of(amounts.capacity()));
  }
}
