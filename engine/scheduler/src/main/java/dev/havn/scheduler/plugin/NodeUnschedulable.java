// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.plugin;

import dev.havn.scheduler.state.PodFacts;
import io.fabric8.kubernetes.api.model.Taint;

/// Keeps pods off cordoned nodes, unless they tolerate that.
public final class NodeUnschedulable implements Filter {
  public static final String NAME = "NodeUnschedulable";
  private static final Taint CORDON =
      new Taint("NoSchedule", "node.kubernetes.io/unschedulable", null, "");
  private static final Refusal CORDONED = Refusal.hopeless(NAME, "node(s) were unschedulable");

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Prepared prepare(Attempt attempt) {
    return Tolerations.tolerates(attempt.pod().pod(), CORDON)
        ? Prepared.NOTHING
        : Prepared.ofNode(node -> node.isCordoned() ? CORDONED : null);
  }

  @Override
  public boolean concerns(Change change) {
    return switch (change) {
      case Change.OfNode node ->
          node.has(Change.Aspect.TAINTS) && node.node() != null && !node.node().isCordoned();
      case Change.OfItself _ -> true;
      case Change.OfPod _, Change.OfObject _, Change.OfGone _ -> false;
    };
  }

  @Override
  public boolean mayHelp(Change change, PodFacts pod) {
    return switch (change) {
      case Change.OfNode node ->
          node.has(Change.Aspect.TAINTS) && node.node() != null && !node.node().isCordoned();
      case Change.OfItself self -> Tolerations.tolerates(self.after().pod(), CORDON);
      case Change.OfPod _, Change.OfObject _, Change.OfGone _ -> false;
    };
  }
}
