// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler;

import io.fabric8.kubernetes.api.model.Node;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Chooses a node: filters, then scores. Of many nodes it looks at enough to find a share that
/// fits, and begins the next time where it stopped, as kube-scheduler does.
final class Choice {
  private static final int ALWAYS_LOOKED_AT = 100;
  private static final int PERCENT_MAX = 50;
  private static final int PERCENT_MIN = 5;
  private static final int NODES_PER_PERCENT_LESS = 125;

  private int start;

  /// @param diagnosis learns why nodes do not fit
  @Nullable NodeState of(Filters.Candidate candidate, List<NodeState> nodes, Diagnosis diagnosis) {
    int enough = enough(nodes.size());
    List<NodeState> feasible = new ArrayList<>();
    int looked = 0;
    while (looked < nodes.size() && feasible.size() < enough) {
      NodeState node = nodes.get((start + looked) % nodes.size());
      List<Filters.Refusal> refusals = Filters.refusals(candidate, node);
      if (refusals.isEmpty()) {
        feasible.add(node);
      } else {
        diagnosis.add(refusals);
      }
      looked++;
    }
    start = nodes.isEmpty() ? 0 : (start + looked) % nodes.size();
    return feasible.isEmpty() ? null : Scores.best(candidate, feasible);
  }

  static int enough(int nodes) {
    int percent = Math.max(PERCENT_MIN, PERCENT_MAX - nodes / NODES_PER_PERCENT_LESS);
    return Math.max(ALWAYS_LOOKED_AT, nodes * percent / 100);
  }

  /// Whether a pod that did not fit might fit now. Heartbeats change nothing that counts.
  static boolean mayFitMore(Node before, Node after) {
    return !Objects.equals(before.getMetadata().getLabels(), after.getMetadata().getLabels())
        || !Objects.equals(before.getSpec(), after.getSpec())
        || !Objects.equals(
            before.getStatus() == null ? null : before.getStatus().getAllocatable(),
            after.getStatus() == null ? null : after.getStatus().getAllocatable());
  }
}
