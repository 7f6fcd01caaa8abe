// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler;

import dev.havn.scheduler.device.DynamicResources;
import dev.havn.scheduler.device.ExtendedClaim;
import dev.havn.scheduler.extender.Verdict;
import dev.havn.scheduler.plugin.Attempt;
import dev.havn.scheduler.plugin.Filter;
import dev.havn.scheduler.plugin.Refusal;
import dev.havn.scheduler.plugin.Refusals;
import dev.havn.scheduler.plugin.Score;
import dev.havn.scheduler.preemption.Budgets;
import dev.havn.scheduler.preemption.Candidate;
import dev.havn.scheduler.preemption.Evictions;
import dev.havn.scheduler.preemption.Preemption;
import dev.havn.scheduler.profile.Profile;
import dev.havn.scheduler.state.ClusterState;
import dev.havn.scheduler.state.NodeState;
import dev.havn.scheduler.state.NodeSums;
import dev.havn.scheduler.state.Nominations;
import dev.havn.scheduler.state.PodFacts;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaim;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// Finds the place of one pod: filters, then scores, or else who has to go. It decides on the
/// cluster's state and leaves that as it was.
final class Placement {
  private static final Refusal HOPELESS =
      Refusal.hopeless("", "Preemption is not helpful for scheduling");

  private static final Refusal UNSAID = new Refusal(Verdict.PLUGIN, List.of(), false);

  /// What kube-scheduler says when a pod was refused before it looked for devices.
  private static final String NO_STATE = "not found";

  /// What was found out when it was looked who could go stands behind this.
  private static final String PREEMPTION = "preemption: ";

  private static final String NO_CLAIMS = "no new claims to deallocate";
  private static final String STILL_NOT = "still not schedulable";
  private static final String DEALLOCATED = "deallocation of ResourceClaim completed";
  private static final String DELETED = "deletion of ResourceClaim completed";

  private final ClusterState cluster;
  private final Nominations nominations;
  private final Supplier<Budgets> budgets;
  private final Evictions evictions;
  private final RandomGenerator random;
  private final Sampling sampling = new Sampling();
  private final Findings findings = new Findings();

  Placement(
      ClusterState cluster,
      Nominations nominations,
      Evictions evictions,
      Supplier<Budgets> budgets,
      RandomGenerator random) {
    this.cluster = cluster;
    this.nominations = nominations;
    this.evictions = evictions;
    this.budgets = budgets;
    this.random = random;
  }

  /// What came of it.
  sealed interface Outcome {}

  /// What is known before extenders are asked.
  sealed interface Begun {}

  private sealed interface Ready {}

  record Placed(NodeState node) implements Outcome {}

  /// Nodes that would do for a pod.
  ///
  /// @param isNominated whether it is only the node that is being cleared for it
  record Shortlist(Search search, boolean isNominated) implements Begun {
    List<Node> nodes() {
      return search.feasible().stream().map(NodeState::node).toList();
    }
  }

  /// Nodes that could be cleared, from which extenders choose.
  ///
  /// @param prefix of what is said when none is
  record Choice(List<Candidate> candidates, String prefix) {}

  /// @param candidate the node that is to be cleared, or null
  /// @param endsNomination whether a node that was being cleared is of no use
  /// @param movable a claim that is to lose its devices, since nobody uses them where they are
  /// @param quiet whether nothing is said of it
  /// @param choice of which the candidate is the best, null where there is none
  record Nowhere(
      Diagnosis diagnosis,
      @Nullable Candidate candidate,
      boolean endsNomination,
      @Nullable ResourceClaim movable,
      boolean quiet,
      @Nullable Choice choice)
      implements Outcome, Begun, Ready {
    Nowhere(Diagnosis diagnosis, boolean endsNomination) {
      this(diagnosis, null, endsNomination, null, false, null);
    }

    Nowhere(Diagnosis diagnosis, boolean endsNomination, @Nullable ResourceClaim movable) {
      this(diagnosis, null, endsNomination, movable, false, null);
    }

    /// Whether it was looked who could go for the pod.
    boolean isForPreemption() {
      return candidate != null || diagnosis.remedy().contains(PREEMPTION);
    }

    /// With what extenders have left of the choice.
    Nowhere choosing(List<Candidate> left) {
      return Candidate.least(left)
          .map(each -> new Nowhere(diagnosis, each, false, null, false, null))
          .orElseGet(
              () ->
                  unclearable(
                      (choice == null ? "" : choice.prefix())
                          + "no candidate node for preemption"));
    }

    /// Nothing is cleared, since those who are to choose do not.
    Nowhere failing(String why) {
      return unclearable(PREEMPTION + why);
    }

    private Nowhere unclearable(String remedy) {
      return new Nowhere(diagnosis.withRemedy(remedy), false);
    }
  }

  /// The nodes that were looked at.
  ///
  /// @param only the names of those that may be looked at; null for all
  /// @param resolvable those that refused and might have a place once others have left
  record Search(
      Attempt attempt,
      Checks checks,
      @Nullable Set<String> only,
      List<NodeState> feasible,
      Refusals refusals,
      List<NodeState> resolvable,
      Refusal others)
      implements Ready {
    /// Where enough nodes would do before extenders are asked, nothing is known of the rest.
    Search ofSome() {
      return only == null
          ? new Search(attempt, checks, null, feasible, refusals, resolvable, UNSAID)
          : this;
    }

    void look(NodeState node) {
      @Nullable Refusal refusal = checks.current(node);
      if (refusal == null) {
        feasible.add(node);
      } else {
        refuse(node, refusal);
      }
    }

    void refuse(NodeState node, Refusal refusal) {
      refusals.add(refusal);
      if (refusal.resolvable()) {
        resolvable.add(node);
      }
    }
  }

  /// Forgets what was found out about nodes: it depends on what has changed beside them.
  void forget() {
    findings.forget();
  }

  Outcome of(PodFacts pod, Profile profile) {
    return switch (begin(pod, profile, true)) {
      case Nowhere nowhere -> nowhere;
      case Shortlist list -> new Placed(best(list.search(), profile, Map.of()));
    };
  }

  /// The nodes that would do, as far as is known here.
  ///
  /// @param triesNominated whether the node that is being cleared for the pod comes before all
  ///   others
  Begun begin(PodFacts pod, Profile profile, boolean triesNominated) {
    return switch (prepare(pod, profile)) {
      case Nowhere nowhere -> nowhere;
      case Search search -> {
        boolean isNominated = triesNominated && lookAtNominated(search);
        if (!isNominated) {
          look(search, profile.percentage());
        }
        yield search.feasible().isEmpty()
            ? nowhere(search, profile)
            : new Shortlist(search, isNominated);
      }
    };
  }

  /// What comes of it once extenders have had their say about a shortlist, with what is there by
  /// now.
  Outcome advised(PodFacts pod, Profile profile, Shortlist list, Verdict verdict) {
    return switch (prepare(pod, profile)) {
      case Nowhere nowhere -> nowhere;
      case Search fresh -> {
        Search search = fresh.ofSome();
        search.refusals().addAll(list.search().refusals());
        list.search().resolvable().stream().filter(this::isThere).forEach(search.resolvable()::add);
        for (NodeState each : list.search().feasible()) {
          @Nullable Refusal refusal = verdict.refused().get(each.name());
          if (refusal == null && isThere(each)) {
            search.look(each);
          } else if (refusal != null && isThere(each)) {
            search.refuse(each, refusal);
          }
        }
        yield search.feasible().isEmpty()
            ? nowhere(search, profile)
            : new Placed(best(search, profile, verdict.scores()));
      }
    };
  }

  private boolean isThere(NodeState node) {
    return cluster.node(node.name()) == node;
  }

  private Ready prepare(PodFacts pod, Profile profile) {
    List<NodeState> all = cluster.nodes();
    if (all.isEmpty()) {
      return new Nowhere(new Diagnosis(0, null, new Refusals(), HOPELESS, ""), true);
    }
    Attempt attempt = new Attempt(pod, cluster, nominations.haveAntiAffinity());
    List<Filter.Check> ofNode = new ArrayList<>();
    List<Filter.Check> others = new ArrayList<>();
    Set<String> narrowing = new HashSet<>();
    @Nullable Set<String> only = null;
    for (Filter filter : profile.filters()) {
      Filter.Prepared prepared = filter.prepare(attempt);
      if (prepared.refused() != null) {
        return refusedEarly(prepared.refused(), all.size(), profile, prepared.quiet());
      }
      if (prepared.nodes() != null) {
        narrowing.add(filter.name());
        only = both(only, prepared.nodes());
      }
      if (prepared.check() != null) {
        (prepared.ofNode() && others.isEmpty() ? ofNode : others).add(prepared.check());
      }
    }
    Findings.OfKind known = findings.of(pod.shape(), pod.priority(), profile);
    return new Search(
        attempt,
        new Checks(pod, cluster, nominations, ofNode, others, known),
        only,
        new ArrayList<>(),
        new Refusals(),
        new ArrayList<>(),
        others(narrowing));
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

  private static Nowhere refusedEarly(Refusal refusal, int nodes, Profile profile, boolean quiet) {
    String hopeless =
        profile.preemption() == null
            ? ""
            : PREEMPTION + Diagnosis.counted(nodes, new Refusals(), HOPELESS);
    String remedy =
        !profile.claimsDevices()
            ? hopeless
            : refusal.plugin().equals(DynamicResources.NAME)
                ? NO_CLAIMS + (hopeless.isEmpty() ? "" : ", " + hopeless)
                : NO_STATE;
    Diagnosis diagnosis = new Diagnosis(nodes, refusal, new Refusals(), HOPELESS, remedy);
    return new Nowhere(diagnosis, null, false, null, quiet, null);
  }

  private boolean lookAtNominated(Search search) {
    @Nullable NodeState nominated = nominated(search.checks().pod());
    boolean fits = nominated != null && search.checks().current(nominated) == null;
    if (nominated != null && fits) {
      search.feasible().add(nominated);
    }
    return fits;
  }

  private void look(Search search, int percentage) {
    if (search.only() != null) {
      for (String name : search.only()) {
        @Nullable NodeState node = cluster.node(name);
        if (node != null) {
          search.look(node);
        }
      }
      return;
    }
    List<NodeState> all = cluster.nodes();
    int enough = Sampling.enough(all.size(), percentage);
    int start = sampling.start(all.size());
    int looked = 0;
    while (looked < all.size() && search.feasible().size() < enough) {
      search.look(all.get((start + looked) % all.size()));
      looked++;
    }
    sampling.looked(looked, all.size());
  }

  private @Nullable NodeState nominated(PodFacts pod) {
    @Nullable String name = nominations.nodeOf(pod.uid());
    return name == null ? null : cluster.node(name);
  }

  /// One of the best, each as likely as the others: two schedulers must not choose alike.
  ///
  /// @param more scores to be added, by node
  private NodeState best(Search search, Profile profile, Map<String, Long> more) {
    List<NodeState> feasible = search.feasible();
    if (feasible.size() == 1) {
      return feasible.getFirst();
    }
    long[] sums = sums(search, profile, more);
    int best = 0;
    int alike = 1;
    for (int i = 1; i < sums.length; i++) {
      if (sums[i] > sums[best]) {
        best = i;
        alike = 1;
      } else if (sums[i] == sums[best] && random.nextInt(++alike) == 0) {
        best = i;
      }
    }
    return feasible.get(best);
  }

  /// The weighted sum of all scores of each node that would do.
  static long[] sums(Search search, Profile profile, Map<String, Long> more) {
    List<NodeState> feasible = search.feasible();
    long[] sums = ofNodes(search, profile);
    for (Profile.Weighted each : profile.scores()) {
      if (!each.score().isOfNode()) {
        add(sums, each, search.attempt(), feasible);
      }
    }
    if (!more.isEmpty()) {
      for (int i = 0; i < sums.length; i++) {
        sums[i] += more.getOrDefault(feasible.get(i).name(), 0L);
      }
    }
    return sums;
  }

  /// What nodes score by themselves, without looking again at those that have not changed.
  private static long[] ofNodes(Search search, Profile profile) {
    NodeSums known = search.checks().known().sums();
    List<NodeState> others = new ArrayList<>();
    for (NodeState node : search.feasible()) {
      if (!known.knows(node)) {
        others.add(node);
      }
    }
    long[] found = new long[others.size()];
    for (Profile.Weighted each : profile.scores()) {
      if (found.length > 0 && each.score().isOfNode()) {
        add(found, each, search.attempt(), others);
      }
    }
    for (int i = 0; i < found.length; i++) {
      known.put(others.get(i), found[i]);
    }
    long[] sums = new long[search.feasible().size()];
    for (int i = 0; i < sums.length; i++) {
      sums[i] = known.get(search.feasible().get(i));
    }
    return sums;
  }

  private static void add(
      long[] sums, Profile.Weighted score, Attempt attempt, List<NodeState> nodes) {
    long[] scores = score.score().scores(attempt, nodes);
    if (scores != Score.NONE) {
      for (int i = 0; i < sums.length; i++) {
        sums[i] += score.weight() * scores[i];
      }
    }
  }

  private Nowhere nowhere(Search search, Profile profile) {
    int all = cluster.nodes().size();
    Diagnosis diagnosis = new Diagnosis(all, null, search.refusals(), search.others(), "");
    DynamicResources.@Nullable ClaimsCheck devices = search.checks().devices();
    @Nullable ResourceClaim movable = devices == null ? null : devices.movable();
    String claims = claims(profile, devices != null, movable);
    if (profile.preemption() == null) {
      return new Nowhere(diagnosis.withRemedy(claims), false, movable);
    }
    String prefix = (claims.isEmpty() ? "" : claims + ", ") + PREEMPTION;
    PodFacts pod = search.checks().pod();
    @Nullable NodeState nominated = nominated(pod);
    boolean hopeless = nominated != null && !search.resolvable().contains(nominated);
    @Nullable String ineligible = Preemption.ineligible(pod, nominated, hopeless, evictions);
    if (ineligible != null) {
      return new Nowhere(diagnosis.withRemedy(prefix + ineligible), false, movable);
    }
    Preemption.Result result =
        profile.preemption().find(search.checks(), search.resolvable(), budgets.get());
    if (result.chosen() != null) {
      Choice choice = new Choice(result.all(), prefix);
      return new Nowhere(diagnosis, result.chosen(), false, null, false, choice);
    }
    return new Nowhere(
        diagnosis.withRemedy(prefix + Diagnosis.counted(all, result.reasons(), HOPELESS)),
        true,
        movable);
  }

  /// What came of looking for devices that the pod's claims have and cannot use.
  private static String claims(
      Profile profile, boolean hasClaims, @Nullable ResourceClaim movable) {
    if (!profile.claimsDevices()) {
      return "";
    }
    if (!hasClaims) {
      return NO_CLAIMS;
    }
    return movable == null ? STILL_NOT : ExtendedClaim.isOne(movable) ? DELETED : DEALLOCATED;
  }
}
