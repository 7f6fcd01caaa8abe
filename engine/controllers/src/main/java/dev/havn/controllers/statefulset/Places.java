// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.statefulset;

import io.fabric8.kubernetes.api.model.Pod;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// The ordinals that a set should have, of which only those that have a pod are held: a set may ask
/// for two thousand million. What is missing is made up when somebody asks for it.
record Places(SetPlan.Observed seen, NavigableMap<Long, Replica> there) {
  static Places of(SetPlan.Observed seen) {
    NavigableMap<Long, Replica> there = new TreeMap<>();
    for (Pod pod : seen.pods()) {
      long ordinal = Identity.ordinal(pod);
      if (seen.desired().contains(ordinal)) {
        there.put(ordinal, new Replica(pod, true));
      }
    }
    return new Places(seen, there);
  }

  /// Those beyond, highest first. Pods without a number are nobody's.
  static List<Replica> condemned(SetPlan.Observed seen) {
    return seen.pods().stream()
        .filter(pod -> Identity.ordinal(pod) >= 0)
        .filter(pod -> !seen.desired().contains(Identity.ordinal(pod)))
        .sorted(Comparator.comparingLong(Identity::ordinal).reversed())
        .map(pod -> new Replica(pod, true))
        .toList();
  }

  /// The pod of an ordinal as it is, or as it will be.
  Replica at(long ordinal) {
    @Nullable Replica known = there.get(ordinal);
    if (known != null) {
      return known;
    }
    Desired desired = seen.desired();
    SetPlan.Template template =
        ordinal - desired.start() < desired.keptCurrent() ? seen.current() : seen.update();
    return new Replica(Identity.pod(desired, ordinal, template.spec(), template.name()), false);
  }

  Collection<Replica> all() {
    return there.values();
  }

  long missing() {
    return seen.desired().replicas() - (long) there.size();
  }

  /// The next ordinal, or the next that has a pod; at the end the end.
  long next(long ordinal, boolean onlyThere) {
    @Nullable Long higher = onlyThere ? there.higherKey(ordinal) : Long.valueOf(ordinal + 1);
    return higher == null ? seen.desired().end() : higher;
  }

  /// How many serve nobody now.
  long unavailable() {
    return missing() + there.values().stream().filter(each -> each.isUnavailable(seen)).count();
  }
}
