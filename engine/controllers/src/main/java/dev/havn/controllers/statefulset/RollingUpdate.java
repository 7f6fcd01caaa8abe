// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.statefulset;

import java.util.List;

/// Which pods an update takes next, highest ordinal first; they come back with the new template.
final class RollingUpdate {
  private RollingUpdate() {}

  static List<Step> deletions(SetPlan.Observed seen, Places places) {
    if (seen.desired().updatesOnDelete()) {
      return List.of();
    }
    return seen.severalAtOnce()
        ? several(seen, places, seen.desired().maxUnavailable())
        : oneByOne(seen, places);
  }

  /// The highest that is old, if all above it are available.
  private static List<Step> oneByOne(SetPlan.Observed seen, Places places) {
    long lowest = lowest(seen);
    for (long ordinal = seen.desired().end() - 1; ordinal >= lowest; ordinal--) {
      Replica replica = places.at(ordinal);
      if (isOld(seen, replica)) {
        return List.of(new Step.DeletePod(replica.pod()));
      }
      if (replica.isUnavailable(seen)) {
        return List.of();
      }
    }
    return List.of();
  }

  /// As many of the highest old ones as may be away beside those that are.
  private static List<Step> several(SetPlan.Observed seen, Places places, int maxUnavailable) {
    return places.there().tailMap(lowest(seen), true).descendingMap().values().stream()
        .filter(each -> isOld(seen, each))
        .limit(Math.max(0, maxUnavailable - places.unavailable()))
        .<Step>map(each -> new Step.DeletePod(each.pod()))
        .toList();
  }

  private static long lowest(SetPlan.Observed seen) {
    return seen.desired().start() + seen.desired().partition();
  }

  private static boolean isOld(SetPlan.Observed seen, Replica replica) {
    return replica.isThere()
        && !replica.isTerminating()
        && !Identity.revision(replica.pod()).equals(seen.update().name());
  }
}
