// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler;

import dev.havn.scheduler.device.DynamicResources;
import dev.havn.scheduler.plugin.Filter;
import dev.havn.scheduler.plugin.Refusal;
import dev.havn.scheduler.preemption.Preemption;
import dev.havn.scheduler.state.ClusterState;
import dev.havn.scheduler.state.NodeMemo;
import dev.havn.scheduler.state.NodeState;
import dev.havn.scheduler.state.Nominations;
import dev.havn.scheduler.state.PodFacts;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// All checks of one pod. The first that refuses speaks.
///
/// @param nominations whose places are to be left free
/// @param ofNode the first checks, as far as they depend on the node alone
/// @param others the rest
/// @param known what was found out about nodes for pods like this one
record Checks(
    PodFacts pod,
    ClusterState cluster,
    Nominations nominations,
    List<Filter.Check> ofNode,
    List<Filter.Check> others,
    Findings.OfKind known)
    implements Preemption.Trial {

  @Override
  public void leave(PodFacts other, NodeState node) {
    cluster.leave(other, node);
    for (Filter.Check each : others) {
      each.moved(other, node, -1);
    }
  }

  @Override
  public void enter(PodFacts other, NodeState node) {
    cluster.enter(other, node);
    for (Filter.Check each : others) {
      each.moved(other, node, 1);
    }
  }

  /// What stands on the node being what it is, without looking again at a node that has not
  /// changed.
  @Nullable Refusal current(NodeState node) {
    if (!nominations.before(pod, node).isEmpty()) {
      return refusal(node);
    }
    NodeMemo<Refusal> memo = known.refusals();
    if (!memo.knows(node)) {
      memo.put(node, first(ofNode, node));
    }
    @Nullable Refusal refusal = memo.get(node);
    return refusal != null || others.isEmpty() ? refusal : first(others, node);
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

  @Override
  public @Nullable NodeMemo<Preemption.Finding> findings(NodeState node) {
    return others.isEmpty() && nominations.before(pod, node).isEmpty() ? known.clearings() : null;
  }

  /// The check of devices, if the pod claims some.
  DynamicResources.@Nullable ClaimsCheck devices() {
    for (Filter.Check each : others) {
      if (each instanceof DynamicResources.ClaimsCheck check) {
        return check;
      }
    }
    return null;
  }

  private @Nullable Refusal alone(NodeState node) {
    @Nullable Refusal refusal = first(ofNode, node);
    return refusal == null ? first(others, node) : refusal;
  }

  private static @Nullable Refusal first(List<Filter.Check> checks, NodeState node) {
    for (Filter.Check each : checks) {
      @Nullable Refusal refusal = each.refusal(node);
      if (refusal != null) {
        return refusal;
      }
    }
    return null;
  }
}
