// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler;

import dev.havn.scheduler.plugin.Attempt;
import dev.havn.scheduler.plugin.Filter;
import dev.havn.scheduler.plugin.Refusal;
import dev.havn.scheduler.plugin.Score;
import dev.havn.scheduler.preemption.Budgets;
import dev.havn.scheduler.preemption.Candidate;
import dev.havn.scheduler.preemption.Preemption;
import dev.havn.scheduler.profile.Profile;
import dev.havn.scheduler.state.ClusterState;
import dev.havn.scheduler.state.NodeState;
import dev.havn.scheduler.state.Nominations;
import dev.havn.scheduler.state.PodFacts;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Finds the place of one pod: filters, then scores, or else who has to go. It decides on the
/// cluster's state and leaves that as it was.
final class Placement {
  private static final Refusal HOPELESS =
      Refusal.hopeless("", "Preemption is not helpful for scheduling");

  /// What kube-scheduler says when a pod was refused before it looked for devices.
  private static final String NO_STATE = "not found";

  private static final String NO_CLAIMS = "no new claims to deallocate";

  private final ClusterState cluster;
  private final Nominations nominations;
  private final Supplier<Budgets> budgets;
  private final Sampling sampling = new Sampling();

  Placement(ClusterState cluster, Nominations nominations, Supplier<Budgets> budgets) {
    this.cluster = cluster;
    this.nominations = nominations;
    this.budgets = budgets;
  }

  /// What came of it.
  sealed interface Outcome {}

  record Placed(NodeState node) implements Outcome {}

  /// @param candidate the node that is to be cleared, or null
  /// @param endsNomination whether a node that was being cleared is of no use
  record Nowhere(Diagnosis diagnosis, @Nullable Candidate candidate, boolean endsNomination)
      implements Outcome {}

  /// The nodes that were looked at.
  private record Search(
      Checks checks, List<NodeState> feasible, Map<NodeState, Refusal> refusals, Refusal others) {}

  Outcome of(PodFacts pod, Profile profile) {
    List<NodeState> all = cluster.nodes();
    if (all.isEmpty()) {
      return new Nowhere(new Diagnosis(0, null, List.of(), HOPELESS, ""), null, true);
    }
    Attempt attempt = new Attempt(pod, cluster);
    List<Filter.Check> checks = new ArrayList<>();
    Set<String> narrowing = new HashSet<>();
    @Nullable Set<String> only = null;
    for (Filter filter : profile.filters()) {
      Filter.Prepared prepared = filter.prepare(attempt);
      if (prepared.refused() != null) {
        return refusedEarly(prepared.refused(), all.size(), profile);
      }
      if (prepared.nodes() != null) {
        narrowing.add(filter.name());
        only = both(only, prepared.nodes());
      }
      if (prepared.check() != null) {
        checks.add(prepared.check());
      }
    }
    Search search =
        new Search(
            new Checks(pod, cluster, nominations, checks),
            new ArrayList<>(),
            new LinkedHashMap<>(),
            others(narrowing));
    look(search, only, profile.percentage());
    return search.feasible().isEmpty()
        ? nowhere(search, profile)
        : new Placed(best(attempt, search.feasible(), profile));
  }

  private static Set<String> both(@Nullable Set<String> one, Set<String> other) {
    Set<String> both = new HashSet<>(other);
    if (one != null) {
      both.retainAll(one);
    }
    return both;
  }

  private static Refusal others(Set<String> narrowing) {
    return narrowing.isEmpty()
        ? HOPELESS
        : Refusal.hopeless(
            narrowing.iterator().next(), "node(s) didn't satisfy plugin(s) " + narrowing);
  }

  private static Nowhere refusedEarly(Refusal refusal, int nodes, Profile profile) {
    String remedy =
        profile.claimsDevices()
            ? NO_STATE
            : profile.preemption() == null
                ? ""
                : "preemption: " + Diagnosis.counted(nodes, List.of(), HOPELESS);
    return new Nowhere(new Diagnosis(nodes, refusal, List.of(), HOPELESS, remedy), null, false);
  }

  private void look(Search search, @Nullable Set<String> only, int percentage) {
    @Nullable NodeState nominated = nominated(search.checks().pod());
    if (nominated != null && search.checks().refusal(nominated) == null) {
      search.feasible().add(nominated);
      return;
    }
    if (only != null) {
      for (String name : only) {
        @Nullable NodeState node = cluster.node(name);
        if (node != null) {
          look(search, node);
        }
      }
      return;
    }
    List<NodeState> all = cluster.nodes();
    int enough = Sampling.enough(all.size(), percentage);
    int start = sampling.start(all.size());
    int looked = 0;
    while (looked < all.size() && search.feasible().size() < enough) {
      look(search, all.get((start + looked) % all.size()));
      looked++;
    }
    sampling.looked(looked, all.size());
  }

  private static void look(Search search, NodeState node) {
    @Nullable Refusal refusal = search.checks().refusal(node);
    if (refusal == null) {
      search.feasible().add(node);
    } else {
      search.refusals().put(node, refusal);
    }
  }

  private @Nullable NodeState nominated(PodFacts pod) {
    @Nullable String name = nominations.nodeOf(pod.uid());
    return name == null ? null : cluster.node(name);
  }

  private static NodeState best(Attempt attempt, List<NodeState> feasible, Profile profile) {
    if (feasible.size() == 1) {
      return feasible.getFirst();
    }
    long[] sums = new long[feasible.size()];
    for (Profile.Weighted each : profile.scores()) {
      long[] scores = each.score().scores(attempt, feasible);
      if (scores != Score.NONE) {
        for (int i = 0; i < sums.length; i++) {
          sums[i] += each.weight() * scores[i];
        }
      }
    }
    int best = 0;
    for (int i = 1; i < sums.length; i++) {
      best = sums[i] > sums[best] ? i : best;
    }
    return feasible.get(best);
  }

  private Nowhere nowhere(Search search, Profile profile) {
    int all = cluster.nodes().size();
    Diagnosis diagnosis =
        new Diagnosis(all, null, List.copyOf(search.refusals().values()), search.others(), "");
    String claims = profile.claimsDevices() ? NO_CLAIMS : "";
    if (profile.preemption() == null) {
      return new Nowhere(diagnosis.withRemedy(claims), null, false);
    }
    String prefix = (claims.isEmpty() ? "" : claims + ", ") + "preemption: ";
    PodFacts pod = search.checks().pod();
    @Nullable NodeState nominated = nominated(pod);
    @Nullable Refusal there = nominated == null ? null : search.refusals().get(nominated);
    @Nullable String ineligible =
        Preemption.ineligible(pod, nominated, there == null || !there.resolvable());
    if (ineligible != null) {
      return new Nowhere(diagnosis.withRemedy(prefix + ineligible), null, false);
    }
    List<NodeState> resolvable = new ArrayList<>();
    search
        .refusals()
        .forEach(
            (node, refusal) -> {
              if (refusal.resolvable()) {
                resolvable.add(node);
              }
            });
    Preemption.Result result =
        profile.preemption().find(search.checks(), resolvable, all, budgets.get());
    if (result.chosen() != null) {
      return new Nowhere(diagnosis, result.chosen(), false);
    }
    return new Nowhere(
        diagnosis.withRemedy(prefix + Diagnosis.counted(all, result.reasons().values(), HOPELESS)),
        null,
        true);
  }
}
