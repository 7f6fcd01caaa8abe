// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.plugin;

import dev.havn.scheduler.state.NodeState;
import dev.havn.scheduler.state.PodFacts;
import dev.havn.scheduler.state.Resources;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Keeps pods off nodes that lack what they ask for, and compares nodes by what is left. It says
/// all that is missing, not only the first.
public final class NodeResourcesFit implements Filter, Score {
  public static final String NAME = "NodeResourcesFit";
  private static final String PODS = "pods";

  private final ResourceScoring scoring;
  private final Set<String> ignored;
  private final Set<String> ignoredGroups;

  /// @param ignored extended resources that are not looked at
  /// @param ignoredGroups the same by what stands before the `/` of their names
  public NodeResourcesFit(ResourceScoring scoring, Set<String> ignored, Set<String> ignoredGroups) {
    this.scoring = scoring;
    this.ignored = ignored;
    this.ignoredGroups = ignoredGroups;
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Prepared prepare(Attempt attempt) {
    Resources asked = attempt.pod().demand().amounts();
    return Prepared.check(node -> refusal(asked, node));
  }

  private @Nullable Refusal refusal(Resources asked, NodeState node) {
    Resources all = node.allocatable();
    Resources taken = node.requested();
    boolean fits =
        node.podCount() + 1 <= all.get(PODS)
            && fits(asked.milliCpu(), all.milliCpu() - taken.milliCpu())
            && fits(asked.memory(), all.memory() - taken.memory())
            && fits(asked.ephemeralStorage(), all.ephemeralStorage() - taken.ephemeralStorage())
            && asked.otherNames().isEmpty();
    return fits ? null : missing(asked, node);
  }

  private static boolean fits(long asked, long left) {
    return asked == 0 || asked <= left;
  }

  private @Nullable Refusal missing(Resources asked, NodeState node) {
    List<String> reasons = new ArrayList<>(2);
    boolean resolvable = true;
    if (node.podCount() + 1 > node.allocatable().get(PODS)) {
      reasons.add("Too many pods");
    }
    List<String> names =
        new ArrayList<>(List.of(Resources.CPU, Resources.MEMORY, Resources.EPHEMERAL_STORAGE));
    asked.otherNames().stream().filter(name -> !isIgnored(name)).forEach(names::add);
    for (String name : names) {
      long amount = asked.get(name);
      long all = node.allocatable().get(name);
      if (!fits(amount, all - node.requested().get(name))) {
        reasons.add("Insufficient " + name);
        resolvable &= amount <= all;
      }
    }
    return reasons.isEmpty() ? null : new Refusal(NAME, reasons, resolvable);
  }

  /// Whether the pod would fit if it were alone there: what it must displace is not asked here.
  private boolean isLargeEnough(NodeState node, Resources asked) {
    for (String name : List.of(Resources.CPU, Resources.MEMORY, Resources.EPHEMERAL_STORAGE)) {
      if (asked.get(name) > node.allocatable().get(name)) {
        return false;
      }
    }
    return asked.otherNames().stream()
        .filter(name -> !isIgnored(name))
        .allMatch(name -> asked.get(name) <= node.allocatable().get(name));
  }

  private boolean isIgnored(String resource) {
    int slash = resource.indexOf('/');
    return ignored.contains(resource)
        || (slash > 0 && ignoredGroups.contains(resource.substring(0, slash)));
  }

  @Override
  public boolean mayHelp(Change change, PodFacts pod) {
    return switch (change) {
      case Change.OfNode node ->
          node.has(Change.Aspect.ALLOCATABLE)
              && node.node() != null
              && isLargeEnough(node.node(), pod.demand().amounts());
      case Change.OfPod other -> other.frees();
      case Change.OfItself self ->
          !self.before().demand().amounts().equals(self.after().demand().amounts());
      case Change.OfVolumes _ -> false;
    };
  }

  @Override
  public long[] scores(Attempt attempt, List<NodeState> nodes) {
    long[] scores = new long[nodes.size()];
    for (int i = 0; i < scores.length; i++) {
      scores[i] = scoring.of(attempt.pod(), nodes.get(i));
    }
    return scores;
  }
}
