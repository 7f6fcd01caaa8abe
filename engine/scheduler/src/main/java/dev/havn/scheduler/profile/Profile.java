// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.profile;

import dev.havn.scheduler.plugin.Filter;
import dev.havn.scheduler.plugin.Score;
import dev.havn.scheduler.preemption.Preemption;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// How the pods of one scheduler name are placed.
///
/// @param filters in the order in which they are asked
/// @param preemption null when no pod has to go for another
/// @param percentage of nodes that is looked at; 0 adapts to how many there are
/// @param claimsDevices whether devices are part of it, which shows in messages
/// @param volumesWithin how long a pod's volumes may take to be bound
/// @param devicesWithin how long its devices may take to become ready for its node
public record Profile(
    String name,
    List<Filter> filters,
    List<Weighted> scores,
    @Nullable Preemption preemption,
    int percentage,
    boolean claimsDevices,
    Duration volumesWithin,
    Duration devicesWithin) {

  /// A score and how much it counts.
  public record Weighted(Score score, int weight) {}

  /// The filter of a name, or null.
  public @Nullable Filter filter(String plugin) {
    for (Filter each : filters) {
      if (each.name().equals(plugin)) {
        return each;
      }
    }
    return null;
  }
}
