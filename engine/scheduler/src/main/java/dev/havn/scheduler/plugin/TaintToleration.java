// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.plugin;

import dev.havn.scheduler.state.NodeState;
import dev.havn.scheduler.state.PodFacts;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Taint;
import java.util.List;

/// Keeps pods off nodes whose taints they do not tolerate, and prefers nodes with few taints of the
/// softer kind.
public final class TaintToleration implements Filter, Score {
  public static final String NAME = "TaintToleration";
  private static final Refusal UNTOLERATED =
      Refusal.hopeless(NAME, "node(s) had untolerated taint(s)");

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Prepared prepare(Attempt attempt) {
    Pod pod = attempt.pod().pod();
    return Prepared.ofNode(node -> Tolerations.allow(pod, node.taints()) ? null : UNTOLERATED);
  }

  @Override
  public boolean concerns(Change change) {
    return switch (change) {
      case Change.OfNode node -> node.node() != null && node.has(Change.Aspect.TAINTS);
      case Change.OfItself _ -> true;
      case Change.OfPod _, Change.OfObject _, Change.OfGone _ -> false;
    };
  }

  @Override
  public boolean mayHelp(Change change, PodFacts pod) {
    return switch (change) {
      case Change.OfNode node ->
          node.has(Change.Aspect.TAINTS)
              && node.node() != null
              && Tolerations.allow(pod.pod(), node.node().taints());
      case Change.OfItself self ->
          !self.before()
              .pod()
              .getSpec()
              .getTolerations()
              .equals(self.after().pod().getSpec().getTolerations());
      case Change.OfPod _, Change.OfObject _, Change.OfGone _ -> false;
    };
  }

  @Override
  public long[] scores(Attempt attempt, List<NodeState> nodes) {
    long[] scores = new long[nodes.size()];
    boolean any = false;
    for (int i = 0; i < scores.length; i++) {
      for (Taint taint : nodes.get(i).taints()) {
        if ("PreferNoSchedule".equals(taint.getEffect())
            && !Tolerations.tolerates(attempt.pod().pod(), taint)) {
          scores[i]++;
          any = true;
        }
      }
    }
    return any ? Score.reversed(scores) : NONE;
  }
}
