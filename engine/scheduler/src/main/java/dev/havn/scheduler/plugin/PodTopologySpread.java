// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.plugin;

import dev.havn.scheduler.state.ClusterState;
import dev.havn.scheduler.state.NodeState;
import dev.havn.scheduler.state.PodFacts;
import dev.havn.scheduler.state.Selector;
import dev.havn.scheduler.state.Topology;
import io.fabric8.kubernetes.api.model.TopologySpreadConstraint;
import io.fabric8.kubernetes.api.model.TopologySpreadConstraintBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Keeps pods of a kind spread over the domains of a topology, as a rule (`DoNotSchedule`) or as a
/// preference (`ScheduleAnyway`). Pods that say nothing about it are spread by default constraints.
public final class PodTopologySpread implements Filter, Score {
  public static final String NAME = "PodTopologySpread";
  private static final Refusal SKEWED =
      Refusal.resolvable(NAME, "node(s) didn't match pod topology spread constraints");
  private static final Refusal NOWHERE =
      Refusal.hopeless(
          NAME, "node(s) didn't match pod topology spread constraints (missing required label)");
  private static final String RULE = "DoNotSchedule";
  private static final String PREFERENCE = "ScheduleAnyway";

  /// What is meant when the configuration says nothing: over hosts, and less so over zones.
  public static final List<TopologySpreadConstraint> SYSTEM_DEFAULTS =
      List.of(
          preference("kubernetes.io/hostname", 3), preference("topology.kubernetes.io/zone", 5));

  private final List<TopologySpreadConstraint> defaults;
  private final boolean systemDefaults;
  private final SpreadPeers selectors;

  /// @param defaults for pods that say nothing
  /// @param systemDefaults whether these are Kubernetes' own, which do not need all labels
  public PodTopologySpread(
      List<TopologySpreadConstraint> defaults, boolean systemDefaults, SpreadPeers selectors) {
    this.defaults = defaults;
    this.systemDefaults = systemDefaults;
    this.selectors = selectors;
  }

  private static TopologySpreadConstraint preference(String key, int maxSkew) {
    return new TopologySpreadConstraintBuilder()
        .withTopologyKey(key)
        .withMaxSkew(maxSkew)
        .withWhenUnsatisfiable(PREFERENCE)
        .build();
  }

  @Override
  public String name() {
    return NAME;
  }

  private List<SpreadConstraint> constraints(PodFacts pod, String whenUnsatisfiable) {
    List<TopologySpreadConstraint> said = pod.pod().getSpec().getTopologySpreadConstraints();
    List<SpreadConstraint> found = new ArrayList<>();
    for (TopologySpreadConstraint each : said) {
      if (whenUnsatisfiable.equals(each.getWhenUnsatisfiable())) {
        found.add(SpreadConstraint.of(each, Selector.of(each.getLabelSelector())));
      }
    }
    if (said.isEmpty() && defaults.stream().anyMatch(each -> isOf(each, whenUnsatisfiable))) {
      Selector selector = selectors.of(pod);
      if (!selector.requirements().isEmpty()) {
        defaults.stream()
            .filter(each -> isOf(each, whenUnsatisfiable))
            .forEach(each -> found.add(SpreadConstraint.of(each, selector)));
      }
    }
    return found;
  }

  private static boolean isOf(TopologySpreadConstraint constraint, String whenUnsatisfiable) {
    return whenUnsatisfiable.equals(constraint.getWhenUnsatisfiable());
  }

  @Override
  public Prepared prepare(Attempt attempt) {
    PodFacts pod = attempt.pod();
    List<SpreadConstraint> constraints = constraints(pod, RULE);
    if (constraints.isEmpty()) {
      return Prepared.NOTHING;
    }
    ClusterState cluster = attempt.cluster();
    Set<String> keys = SpreadCount.keys(constraints);
    List<Rule> rules = new ArrayList<>();
    for (SpreadConstraint each : constraints) {
      rules.add(
          new Rule(
              each,
              SpreadCount.of(each, pod, cluster, keys),
              each.selector().matches(pod.labels()) ? 1 : 0));
    }
    return Prepared.check(new Rules(rules));
  }

  /// @param self 1 when the pod counts itself
  private record Rule(SpreadConstraint constraint, SpreadCount count, int self) {
    @Nullable Refusal refusal(NodeState node) {
      int domain = count.topology().of(node);
      if (domain == Topology.NONE) {
        return NOWHERE;
      }
      return count.at(domain) + self - count.least() > constraint.maxSkew() ? SKEWED : null;
    }
  }

  private record Rules(List<Rule> rules) implements Check {
    @Override
    public @Nullable Refusal refusal(NodeState node) {
      for (Rule each : rules) {
        @Nullable Refusal refusal = each.refusal(node);
        if (refusal != null) {
          return refusal;
        }
      }
      return null;
    }
  }

  @Override
  public boolean concerns(Change change) {
    return switch (change) {
      case Change.OfNode node ->
          node.node() == null || node.has(Change.Aspect.LABELS) || node.has(Change.Aspect.TAINTS);
      case Change.OfPod _, Change.OfItself _ -> true;
      case Change.OfObject _, Change.OfGone _ -> false;
    };
  }

  @Override
  public boolean mayHelp(Change change, PodFacts pod) {
    return switch (change) {
      case Change.OfNode node ->
          node.node() == null || node.has(Change.Aspect.LABELS) || node.has(Change.Aspect.TAINTS);
      case Change.OfPod other ->
          constraints(pod, RULE).stream()
              .anyMatch(
                  each -> counts(each, other.before(), pod) != counts(each, other.after(), pod));
      case Change.OfItself self -> !self.before().labels().equals(self.after().labels());
      case Change.OfObject _, Change.OfGone _ -> false;
    };
  }

  private static boolean counts(
      SpreadConstraint constraint, @Nullable PodFacts other, PodFacts pod) {
    return other != null && constraint.counts(other, pod);
  }

  @Override
  public long[] scores(Attempt attempt, List<NodeState> nodes) {
    PodFacts pod = attempt.pod();
    List<SpreadConstraint> constraints = constraints(pod, PREFERENCE);
    return constraints.isEmpty()
        ? NONE
        : new SpreadScores(
                constraints,
                !pod.pod().getSpec().getTopologySpreadConstraints().isEmpty() || !systemDefaults,
                attempt,
                nodes)
            .scores();
  }
}
