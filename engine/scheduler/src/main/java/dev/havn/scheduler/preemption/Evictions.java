// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.preemption;

import dev.havn.scheduler.state.PodFacts;
import java.util.Collection;
import java.util.HashSet;
import java.util.Set;

/// Pods that have to go for others, from the moment that is decided: the API shows it later, and
/// until then whoever they go for must not look for more.
///
/// Not safe for several threads: the scheduler's lock guards it.
public final class Evictions {
  private final Set<String> uids = new HashSet<>();

  public void add(Collection<PodFacts> victims) {
    victims.forEach(each -> uids.add(each.uid()));
  }

  /// A pod is gone, or stays after all.
  public void remove(String uid) {
    uids.remove(uid);
  }

  public boolean has(PodFacts pod) {
    return uids.contains(pod.uid());
  }
}
