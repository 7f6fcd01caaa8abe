// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler;

import dev.havn.scheduler.plugin.Filter;
import dev.havn.scheduler.plugin.Refusal;
import dev.havn.scheduler.preemption.Preemption;
import dev.havn.scheduler.state.ClusterState;
import dev.havn.scheduler.state.NodeState;
import dev.havn.scheduler.state.Nominations;
import dev.havn.scheduler.state.PodFacts;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// All checks of one pod. The first that refuses speaks.
///
/// @param nominations whose places are to be left free
record Checks(
    PodFacts pod, ClusterState cluster, Nominations nominations, List<Filter.Check> checks)
    implements Preemption.Trial {

  @Override
  public void leave(PodFacts other, NodeState node) {
    cluster.leave(other, node);
    checks.forEach(each -> each.moved(other, node, -1));
  }

  @Override
  public void enter(PodFacts other, NodeState node) {
    cluster.enter(other, node);
    checks.forEach(each -> each.moved(other, node, 1));
  }

  /// Whether the pod fits, both if those come for which the node is being cleared and if not: they
  /// may be what it wants to be near.
  @Override
  public @Nullable Refusal refusal(NodeState node) {
    List<PodFacts> coming = nominations.before(pod, node);
    if (coming.isEmpty()) {
      return alone(node);
    }
    coming.forEach(each -> enter(each, node));
    @Nullable Refusal refusal = alone(node);
    coming.forEach(each -> leave(each, node));
    return refusal == null ? alone(node) : refusal;
  }

  private @Nullable Refusal alone(NodeState node) {
    for (Filter.Check each : checks) {
      @Nullable Refusal refusal = each.refusal(node);
      if (refusal != null) {
        return refusal;
      }
    }
    return null;
  }
}
