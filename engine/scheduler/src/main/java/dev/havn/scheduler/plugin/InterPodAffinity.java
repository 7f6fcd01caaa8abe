// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.plugin;

import dev.havn.scheduler.state.AffinityTerm;
import dev.havn.scheduler.state.ClusterState;
import dev.havn.scheduler.state.NodeState;
import dev.havn.scheduler.state.PodFacts;
import dev.havn.scheduler.state.PodKind;
import dev.havn.scheduler.state.PodSelector;
import dev.havn.scheduler.state.Tally;
import dev.havn.scheduler.state.Topology;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Brings pods near those they want to be near, and keeps them away from those they, or which them,
/// want to be far from. It asks tallies that the cluster's state keeps, never the pods.
public final class InterPodAffinity implements Filter, Score {
  public static final String NAME = "InterPodAffinity";
  private static final Refusal NOT_NEAR =
      Refusal.hopeless(NAME, "node(s) didn't match pod affinity rules");
  private static final Refusal NOT_FAR =
      Refusal.resolvable(NAME, "node(s) didn't match pod anti-affinity rules");
  private static final Refusal UNWANTED =
      Refusal.resolvable(NAME, "node(s) didn't satisfy existing pods anti-affinity rules");

  private final int requiredWeight;
  private final boolean ignoresPreferencesOfOthers;

  /// @param requiredWeight what it counts to be where a placed pod needs one like this
  /// @param ignoresPreferencesOfOthers of pods that want to be near
  public InterPodAffinity(int requiredWeight, boolean ignoresPreferencesOfOthers) {
    this.requiredWeight = requiredWeight;
    this.ignoresPreferencesOfOthers = ignoresPreferencesOfOthers;
  }

  @Override
  public String name() {
    return NAME;
  }

  private static final class Rules implements Check {
    private final Attempt attempt;

    /// For each term that must be met, pods that all terms mean.
    private final List<Tally> near;

    /// Whether the pod itself is what it wants to be near.
    private final boolean first;

    /// For each term, what must not be there.
    private final List<Tally> far;

    /// What placed pods keep away from and this pod is.
    private List<Tally> unwanted;

    Rules(Attempt attempt, List<Tally> near, boolean first, List<Tally> far, List<Tally> unwanted) {
      this.attempt = attempt;
      this.near = near;
      this.first = first;
      this.far = far;
      this.unwanted = unwanted;
    }

    /// One that comes may keep away from what nobody kept away from before.
    @Override
    public void moved(PodFacts pod, NodeState node, int times) {
      if (times > 0 && !pod.antiAffinity().isEmpty()) {
        unwanted = unwanted(attempt);
      }
    }

    @Override
    public @Nullable Refusal refusal(NodeState node) {
      if (!isNear(node)) {
        return NOT_NEAR;
      }
      for (Tally each : far) {
        if (each.at(node) > 0) {
          return NOT_FAR;
        }
      }
      for (Tally each : unwanted) {
        if (each.at(node) > 0) {
          return UNWANTED;
        }
      }
      return null;
    }

    /// The first of pods that want to be near each other may stand anywhere.
    private boolean isNear(NodeState node) {
      boolean found = true;
      boolean none = true;
      for (Tally each : near) {
        if (each.topology().of(node) == Topology.NONE) {
          return false;
        }
        found &= each.at(node) > 0;
        none &= each.total() == 0;
      }
      return found || (first && none);
    }
  }

  private static List<Tally> unwanted(Attempt attempt) {
    ClusterState cluster = attempt.cluster();
    return cluster.antiAffinity().meaning(attempt.pod(), cluster::namespaceLabels);
  }

  @Override
  public Prepared prepare(Attempt attempt) {
    PodFacts pod = attempt.pod();
    ClusterState cluster = attempt.cluster();
    List<Tally> unwanted = unwanted(attempt);
    if (unwanted.isEmpty()
        && pod.affinity().isEmpty()
        && pod.antiAffinity().isEmpty()
        && !attempt.otherTerms()) {
      return Prepared.NOTHING;
    }
    List<Tally> near = new ArrayList<>();
    boolean first = false;
    if (!pod.affinity().isEmpty()) {
      PodKind all = kind(pod.affinity());
      first = all.matches(pod, cluster::namespaceLabels);
      for (AffinityTerm term : pod.affinity()) {
        near.add(cluster.count(all, cluster.topology(term.topologyKey())));
      }
    }
    List<Tally> far = new ArrayList<>();
    for (AffinityTerm term : pod.antiAffinity()) {
      far.add(cluster.count(kind(List.of(term)), cluster.topology(term.topologyKey())));
    }
    return Prepared.check(new Rules(attempt, near, first, far, unwanted));
  }

  private static PodKind kind(List<AffinityTerm> terms) {
    List<PodSelector> all = new ArrayList<>(terms.size());
    terms.forEach(each -> all.add(each.selector()));
    return new PodKind(all, false);
  }

  @Override
  public boolean concerns(Change change) {
    return switch (change) {
      case Change.OfNode node ->
          node.node() != null && (node.has(Change.Aspect.LABELS) || node.has(Change.Aspect.TAINTS));
      case Change.OfPod _, Change.OfItself _ -> true;
      case Change.OfObject _, Change.OfGone _ -> false;
    };
  }

  @Override
  public boolean mayHelp(Change change, PodFacts pod) {
    return switch (change) {
      case Change.OfNode node ->
          node.node() != null && (node.has(Change.Aspect.LABELS) || node.has(Change.Aspect.TAINTS));
      case Change.OfPod other -> mayHelp(other, pod);
      case Change.OfItself self -> !self.before().labels().equals(self.after().labels());
      case Change.OfObject _, Change.OfGone _ -> false;
    };
  }

  /// Namespaces that are chosen by their labels are not asked for them here: the attempt does.
  private static boolean mayHelp(Change.OfPod other, PodFacts pod) {
    Function<@Nullable PodFacts, Boolean> meantByAffinity =
        each -> each != null && meansAny(pod.affinity(), each);
    Function<@Nullable PodFacts, Boolean> meantByAntiAffinity =
        each -> each != null && (meansAny(pod.antiAffinity(), each) || meansAny(each, pod));
    return meantByAffinity.apply(other.after())
        || (other.before() != null
            && (meantByAffinity.apply(other.before())
                || meantByAntiAffinity.apply(other.before())));
  }

  private static boolean meansAny(PodFacts holder, PodFacts pod) {
    return meansAny(holder.antiAffinity(), pod);
  }

  private static boolean meansAny(List<AffinityTerm> terms, PodFacts pod) {
    for (AffinityTerm each : terms) {
      if (each.selector().mayMatch(pod)) {
        return true;
      }
    }
    return false;
  }

  @Override
  public long[] scores(Attempt attempt, List<NodeState> nodes) {
    PodFacts pod = attempt.pod();
    ClusterState cluster = attempt.cluster();
    Function<String, Map<String, String>> labels = cluster::namespaceLabels;
    List<Weighed> weighed = new ArrayList<>();
    for (AffinityTerm term : pod.preferences()) {
      weighed.add(
          new Weighed(
              cluster.count(kind(List.of(term)), cluster.topology(term.topologyKey())),
              term.weight()));
    }
    if (!ignoresPreferencesOfOthers || !pod.preferences().isEmpty()) {
      cluster.preferences().meaning(pod, labels).forEach(t -> weighed.add(new Weighed(t, 1)));
    }
    if (requiredWeight > 0) {
      cluster
          .affinity()
          .meaning(pod, labels)
          .forEach(t -> weighed.add(new Weighed(t, requiredWeight)));
    }
    weighed.removeIf(each -> each.weight() == 0);
    return weighed.isEmpty() ? NONE : spread(weighed, nodes);
  }

  private record Weighed(Tally tally, int weight) {}

  /// Scaled so that the least is 0 and the largest 100.
  private static long[] spread(List<Weighed> weighed, List<NodeState> nodes) {
    long[] scores = new long[nodes.size()];
    long least = Long.MAX_VALUE;
    long most = Long.MIN_VALUE;
    for (int i = 0; i < scores.length; i++) {
      for (Weighed each : weighed) {
        scores[i] += each.weight() * each.tally().at(nodes.get(i));
      }
      least = Math.min(least, scores[i]);
      most = Math.max(most, scores[i]);
    }
    for (int i = 0; i < scores.length; i++) {
      scores[i] = most == least ? 0 : MAX * (scores[i] - least) / (most - least);
    }
    return scores;
  }
}
