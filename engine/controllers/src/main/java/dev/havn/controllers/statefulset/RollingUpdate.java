// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.statefulset;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;

/// Which pods an update takes next, highest ordinal first; they come back with the new template.
final class RollingUpdate {
  private RollingUpdate() {}

  static List<Step> deletions(SetPlan.Observed seen, List<Replica> replicas) {
    if (seen.desired().updatesOnDelete()) {
      return List.of();
    }
    OptionalInt maxUnavailable = seen.desired().maxUnavailable();
    return maxUnavailable.isEmpty()
        ? oneByOne(seen, replicas)
        : several(seen, replicas, maxUnavailable.getAsInt());
  }

  /// The highest that is old, if all above it are available.
  private static List<Step> oneByOne(SetPlan.Observed seen, List<Replica> replicas) {
    for (int index = replicas.size() - 1; index >= seen.desired().partition(); index--) {
      Replica replica = replicas.get(index);
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
  private static List<Step> several(
      SetPlan.Observed seen, List<Replica> replicas, int maxUnavailable) {
    long left = maxUnavailable - replicas.stream().filter(each -> each.isUnavailable(seen)).count();
    List<Step> deletions = new ArrayList<>();
    for (int index = replicas.size() - 1;
        index >= seen.desired().partition() && deletions.size() < left;
        index--) {
      if (isOld(seen, replicas.get(index))) {
        deletions.add(new Step.DeletePod(replicas.get(index).pod()));
      }
    }
    return deletions;
  }

  private static boolean isOld(SetPlan.Observed seen, Replica replica) {
    return replica.isThere()
        && !replica.isTerminating()
        && !Identity.revision(replica.pod()).equals(seen.update().name());
  }
}
