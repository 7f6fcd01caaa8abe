// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler;

import dev.havn.scheduler.plugin.Refusal;
import dev.havn.scheduler.preemption.Preemption;
import dev.havn.scheduler.profile.Profile;
import dev.havn.scheduler.state.NodeMemo;
import dev.havn.scheduler.state.NodeSums;
import dev.havn.scheduler.state.PodShape;
import java.util.LinkedHashMap;
import java.util.Map;

/// What was found out about each node for the last kinds of pods: many pods that wait are of one
/// template, and between two of them hardly a node changes.
final class Findings {
  private static final int KINDS_MAX = 16;

  private final Map<Kind, OfKind> kinds =
      new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Kind, OfKind> eldest) {
          return size() > KINDS_MAX;
        }
      };

  /// Priority counts for who may have to go.
  private record Kind(PodShape shape, int priority, String profile) {}

  /// @param refusals by what depends on a node alone; null for none
  /// @param clearings what had to go from a node
  /// @param sums of the scores that depend on a node alone
  record OfKind(
      NodeMemo<Refusal> refusals, NodeMemo<Preemption.Finding> clearings, NodeSums sums) {}

  void forget() {
    kinds.clear();
  }

  OfKind of(PodShape shape, int priority, Profile profile) {
    return kinds.computeIfAbsent(
        new Kind(shape, priority, profile.name()),
        _ -> new OfKind(new NodeMemo<>(), new NodeMemo<>(), new NodeSums()));
  }
}
