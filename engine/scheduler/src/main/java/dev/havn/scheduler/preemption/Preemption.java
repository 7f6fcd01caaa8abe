// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.preemption;

import dev.havn.scheduler.plugin.Refusal;
import dev.havn.scheduler.plugin.Refusals;
import dev.havn.scheduler.state.NodeMemo;
import dev.havn.scheduler.state.NodeState;
import dev.havn.scheduler.state.PodFacts;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Looks for a node that has a place for a pod once less important ones have left, and for those
/// whose leaving does the least harm. It tries on the cluster's state itself, and leaves that as it
/// was.
public final class Preemption {
  private static final String NAME = "DefaultPreemption";
  private static final Refusal NO_VICTIMS =
      Refusal.hopeless(NAME, "No preemption victims found for incoming pod");

  private final int percent;
  private final int absolute;
  private int offset;

  /// How many candidates are compared: `percent` of the nodes, at least `absolute`.
  public Preemption(int percent, int absolute) {
    this.percent = percent;
    this.absolute = absolute;
  }

  /// A trial of one pod on nodes.
  public interface Trial {
    PodFacts pod();

    /// As if a pod were gone, and back.
    void leave(PodFacts pod, NodeState node);

    void enter(PodFacts pod, NodeState node);

    @Nullable Refusal refusal(NodeState node);

    /// What was found out about nodes for pods like this one, or null where that is not enough to
    /// know.
    @Nullable NodeMemo<Finding> findings(NodeState node);
  }

  /// What was found out about a node.
  ///
  /// @param candidate null when it is none
  /// @param refusal why not
  public record Finding(@Nullable Candidate candidate, @Nullable Refusal refusal) {
    private static Finding none(Refusal refusal) {
      return new Finding(null, refusal);
    }
  }

  /// @param chosen null when there is none
  /// @param all that were compared
  /// @param reasons why nodes that were looked at are none
  public record Result(@Nullable Candidate chosen, List<Candidate> all, Refusals reasons) {}

  /// Why a pod may not have others removed, or null.
  ///
  /// @param nominated the node that is being cleared for it
  /// @param hopeless whether clearing that node does not help any more
  public static @Nullable String ineligible(
      PodFacts pod, @Nullable NodeState nominated, boolean hopeless, Evictions evictions) {
    if ("Never".equals(pod.pod().getSpec().getPreemptionPolicy())) {
      return "not eligible due to preemptionPolicy=Never.";
    }
    if (nominated == null || hopeless) {
      return null;
    }
    for (PodFacts each : nominated.pods()) {
      if (each.priority() < pod.priority() && (evictions.has(each) || isLeavingForOthers(each))) {
        return "not eligible due to a terminating pod on the nominated node.";
      }
    }
    return null;
  }

  private static boolean isLeavingForOthers(PodFacts pod) {
    return pod.isLeaving()
        && pod.pod().getStatus() != null
        && pod.pod().getStatus().getConditions().stream()
            .anyMatch(
                each ->
                    each.getType().equals("DisruptionTarget")
                        && "True".equals(each.getStatus())
                        && "PreemptionByScheduler".equals(each.getReason()));
  }

  /// @param nodes that refused the pod but might have a place once others have left
  public Result find(Trial trial, List<NodeState> nodes, Budgets budgets) {
    int enough = Math.min(nodes.size(), Math.max(absolute, nodes.size() * percent / 100));
    @Nullable Candidate best = null;
    List<Candidate> candidates = new ArrayList<>();
    Refusals reasons = new Refusals();
    boolean harmless = false;
    for (int i = 0; i < nodes.size(); i++) {
      Finding found = look(trial, nodes.get((offset + i) % nodes.size()), budgets);
      if (found.refusal() != null) {
        reasons.add(found.refusal());
      }
      @Nullable Candidate candidate = found.candidate();
      if (candidate != null) {
        candidates.add(candidate);
        best = best == null || Candidate.HARM.compare(candidate, best) < 0 ? candidate : best;
        harmless |= candidate.violations() == 0;
        if (candidates.size() >= enough && harmless) {
          break;
        }
      }
    }
    offset = nodes.isEmpty() ? 0 : (offset + enough) % nodes.size();
    return new Result(best, candidates, reasons);
  }

  /// What was found out for a pod of the same kind holds as long as the node is as it was, if no
  /// budget has a say.
  private static Finding look(Trial trial, NodeState node, Budgets budgets) {
    @Nullable NodeMemo<Finding> memo = budgets.isEmpty() ? trial.findings(node) : null;
    if (memo == null) {
      return tryNode(trial, node, budgets);
    }
    @Nullable Finding known = memo.knows(node) ? memo.get(node) : null;
    if (known == null) {
      known = tryNode(trial, node, budgets);
      memo.put(node, known);
    }
    return known;
  }

  private static Finding tryNode(Trial trial, NodeState node, Budgets budgets) {
    List<PodFacts> lower = new ArrayList<>();
    for (PodFacts each : node.pods()) {
      if (each.priority() < trial.pod().priority()) {
        lower.add(each);
      }
    }
    if (lower.isEmpty()) {
      return Finding.none(NO_VICTIMS);
    }
    lower.sort(Candidate.IMPORTANCE);
    lower.forEach(each -> trial.leave(each, node));
    @Nullable Refusal refusal = trial.refusal(node);
    if (refusal != null) {
      lower.forEach(each -> trial.enter(each, node));
      return Finding.none(refusal);
    }
    List<PodFacts> victims = new ArrayList<>();
    List<PodFacts> violating = budgets.violating(lower);
    int violations = 0;
    for (PodFacts each : violating) {
      violations += spare(trial, each, node, victims) ? 0 : 1;
    }
    for (PodFacts each : lower) {
      if (!violating.contains(each)) {
        spare(trial, each, node, victims);
      }
    }
    if (victims.isEmpty()) {
      return Finding.none(NO_VICTIMS);
    }
    victims.forEach(each -> trial.enter(each, node));
    victims.sort(Candidate.IMPORTANCE);
    return new Finding(new Candidate(node, victims, violations), null);
  }

  /// Lets a pod stay if the other one still has its place.
  private static boolean spare(Trial trial, PodFacts each, NodeState node, List<PodFacts> victims) {
    trial.enter(each, node);
    if (trial.refusal(node) == null) {
      return true;
    }
    trial.leave(each, node);
    victims.add(each);
    return false;
  }
}
