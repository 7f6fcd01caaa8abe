// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.plugin;

import java.util.Collection;
import java.util.IdentityHashMap;
import java.util.Map;

/// How many nodes refused a pod and why. Most nodes say the same, so that they are counted, not
/// kept.
public final class Refusals {
  /// The same refusal is mostly the same object; what is equal beside that is added up when asked.
  private final Map<Refusal, int[]> counts = new IdentityHashMap<>();

  private int total;

  public void add(Refusal refusal) {
    counts.computeIfAbsent(refusal, _ -> new int[1])[0]++;
    total++;
  }

  public void addAll(Refusals others) {
    others.counts.forEach(
        (refusal, count) -> counts.computeIfAbsent(refusal, _ -> new int[1])[0] += count[0]);
    total += others.total;
  }

  /// Of how many nodes.
  public int total() {
    return total;
  }

  public Collection<Refusal> kinds() {
    return counts.keySet();
  }

  /// Adds how often each reason was given.
  public void addTo(Map<String, Integer> reasons) {
    counts.forEach(
        (refusal, count) ->
            refusal.reasons().forEach(reason -> reasons.merge(reason, count[0], Integer::sum)));
  }
}
