// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.plugin;

import dev.havn.scheduler.state.NodeState;
import dev.havn.scheduler.state.PodFacts;
import io.fabric8.kubernetes.api.model.NodeAffinity;
import io.fabric8.kubernetes.api.model.NodeSelector;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PreferredSchedulingTerm;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The plugin NodeAffinity: node selectors, node affinity, and what the configuration adds to it
/// for all pods.
public final class NodeAffinities implements Filter, Score {
  public static final String NAME = "NodeAffinity";
  private static final Refusal NOT_SELECTED =
      Refusal.hopeless(NAME, "node(s) didn't match Pod's node affinity/selector");
  private static final Refusal NOT_ADDED =
      Refusal.hopeless(NAME, "node(s) didn't match scheduler-enforced node affinity");
  private static final Refusal CONFLICT = Refusal.hopeless(NAME, "pod affinity terms conflict");

  private final @Nullable NodeAffinity added;

  /// @param added to the affinity of each pod, or null
  public NodeAffinities(@Nullable NodeAffinity added) {
    this.added = added;
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Prepared prepare(Attempt attempt) {
    Pod pod = attempt.pod().pod();
    @Nullable NodeSelector enforced =
        added == null ? null : added.getRequiredDuringSchedulingIgnoredDuringExecution();
    if (enforced == null && NodeSelection.isAny(pod)) {
      return Prepared.NOTHING;
    }
    @Nullable Set<String> named = NodeSelection.named(NodeSelection.required(pod));
    if (named != null && named.isEmpty()) {
      return Prepared.refused(CONFLICT);
    }
    return new Prepared(
        null,
        named,
        node -> {
          if (!NodeSelection.matches(enforced, node)) {
            return NOT_ADDED;
          }
          return NodeSelection.allows(pod, node) ? null : NOT_SELECTED;
        },
        true,
        false);
  }

  @Override
  public boolean concerns(Change change) {
    return switch (change) {
      case Change.OfNode node -> node.node() != null && node.has(Change.Aspect.LABELS);
      case Change.OfPod _, Change.OfItself _, Change.OfObject _, Change.OfGone _ -> false;
    };
  }

  @Override
  public boolean mayHelp(Change change, PodFacts pod) {
    return switch (change) {
      case Change.OfNode node ->
          node.has(Change.Aspect.LABELS)
              && node.node() != null
              && NodeSelection.allows(pod.pod(), node.node());
      case Change.OfPod _, Change.OfItself _, Change.OfObject _, Change.OfGone _ -> false;
    };
  }

  @Override
  public long[] scores(Attempt attempt, List<NodeState> nodes) {
    List<PreferredSchedulingTerm> preferred = new ArrayList<>();
    addPreferred(added, preferred);
    addPreferred(NodeSelection.affinity(attempt.pod().pod()), preferred);
    if (preferred.isEmpty()) {
      return NONE;
    }
    long[] scores = new long[nodes.size()];
    for (int i = 0; i < scores.length; i++) {
      for (PreferredSchedulingTerm each : preferred) {
        if (NodeSelection.matches(each.getPreference(), nodes.get(i))) {
          scores[i] += each.getWeight();
        }
      }
    }
    return Score.toMax(scores);
  }

  private static void addPreferred(
      @Nullable NodeAffinity affinity, List<PreferredSchedulingTerm> preferred) {
    if (affinity != null && affinity.getPreferredDuringSchedulingIgnoredDuringExecution() != null) {
      preferred.addAll(affinity.getPreferredDuringSchedulingIgnoredDuringExecution());
    }
  }
}
