// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.daemonset;

import dev.havn.controllers.replicas.PodState;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// The next step of an update. Without surge, old pods are deleted while few enough nodes are
/// without an available one; the core then makes new ones. With surge a new pod is made beside an
/// old one, which goes when the new one is available (KEP-1591).
final class RollingUpdate {
  private final DaemonPlan.Observed seen;
  private final Map<String, List<Pod>> byNode;
  private final Set<String> wanted = new HashSet<>();

  /// @param create nodes that get another pod
  record Changes(List<String> create, List<Pod> delete) {}

  /// The pods of a node that are not being deleted.
  ///
  /// @param isCrowded whether there are more than one of a sort, which the core has to settle first
  private record Pair(@Nullable Pod fresh, @Nullable Pod old, boolean isCrowded) {}

  private RollingUpdate(DaemonPlan.Observed seen, Map<String, List<Pod>> byNode) {
    this.seen = seen;
    this.byNode = byNode;
    for (Node node : seen.nodes()) {
      if (NodeFit.of(seen.desired(), node).runs()) {
        wanted.add(node.getMetadata().getName());
      }
    }
  }

  static Changes next(DaemonPlan.Observed seen, Map<String, List<Pod>> byNode) {
    RollingUpdate update = new RollingUpdate(seen, byNode);
    int surge = seen.desired().maxSurge(update.wanted.size());
    return surge == 0
        ? update.replace(seen.desired().maxUnavailable(update.wanted.size()))
        : update.surge(surge);
  }

  private Set<String> nodes() {
    Set<String> nodes = new TreeSet<>(byNode.keySet());
    nodes.addAll(wanted);
    return nodes;
  }

  private Pair pair(String node) {
    @Nullable Pod fresh = null;
    @Nullable Pod old = null;
    for (Pod pod : byNode.getOrDefault(node, List.of())) {
      if (PodState.isTerminating(pod)) {
        continue;
      }
      boolean isFresh = DaemonPods.isUpdated(seen.desired(), pod, seen.hash());
      if ((isFresh ? fresh : old) != null) {
        return new Pair(null, null, true);
      }
      fresh = isFresh ? pod : fresh;
      old = isFresh ? old : pod;
    }
    return new Pair(fresh, old, false);
  }

  private Changes replace(int maxUnavailable) {
    int unavailable = 0;
    List<Pod> delete = new ArrayList<>();
    List<Pod> candidates = new ArrayList<>();
    for (String node : nodes()) {
      Pair pair = pair(node);
      if (pair.isCrowded() || (pair.old() == null) == (pair.fresh() == null)) {
        unavailable++;
      } else if (pair.fresh() != null) {
        unavailable += seen.isAvailable(pair.fresh()) ? 0 : 1;
      } else if (pair.old() != null && !seen.isAvailable(pair.old())) {
        delete.add(pair.old());
        unavailable++;
      } else if (pair.old() != null && unavailable < maxUnavailable) {
        candidates.add(pair.old());
      }
    }
    candidates.stream().limit(Math.max(0, maxUnavailable - unavailable)).forEach(delete::add);
    return new Changes(List.of(), delete);
  }

  private Changes surge(int maxSurge) {
    int surging = 0;
    int available = 0;
    List<Pod> delete = new ArrayList<>();
    List<Pod> misplaced = new ArrayList<>();
    List<String> create = new ArrayList<>();
    List<String> candidates = new ArrayList<>();
    for (String node : nodes()) {
      Pair pair = pair(node);
      if (pair.isCrowded()) {
        surging++;
        continue;
      }
      @Nullable Pod serving = pair.old() == null ? pair.fresh() : pair.old();
      boolean serves = serving != null && seen.isAvailable(serving);
      available += serves ? 1 : 0;
      if (pair.old() == null) {
        continue;
      }
      if (pair.fresh() != null) {
        if (seen.isAvailable(pair.fresh())) {
          delete.add(pair.old());
        } else {
          surging++;
        }
      } else if (!wanted.contains(node)) {
        (serves ? misplaced : delete).add(pair.old());
      } else if (!serves) {
        create.add(node);
      } else if (surging < maxSurge) {
        candidates.add(node);
      }
    }
    misplaced.stream().limit(Math.max(0, available - wanted.size())).forEach(delete::add);
    candidates.stream().limit(Math.max(0, maxSurge - surging)).forEach(create::add);
    return new Changes(create, delete);
  }
}
