// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.preemption;

import dev.havn.scheduler.plugin.Refusal;
import dev.havn.scheduler.state.NodeState;
import dev.havn.scheduler.state.PodFacts;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
  }

  /// @param chosen null when there is none
  /// @param reasons why nodes that were looked at are none
  public record Result(@Nullable Candidate chosen, Map<NodeState, Refusal> reasons) {}

  /// Why a pod may not have others removed, or null.
  public static @Nullable String ineligible(
      PodFacts pod, @Nullable NodeState nominated, boolean hopeless) {
    if ("Never".equals(pod.pod().getSpec().getPreemptionPolicy())) {
      return "not eligible due to preemptionPolicy=Never.";
    }
    if (nominated == null || hopeless) {
      return null;
    }
    for (PodFacts each : nominated.pods()) {
      if (each.priority() < pod.priority() && isLeavingForOthers(each)) {
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
  /// @param all how many nodes there are
  public Result find(Trial trial, List<NodeState> nodes, int all, Budgets budgets) {
    int enough = Math.min(nodes.size(), Math.max(absolute, all * percent / 100));
    List<Candidate> candidates = new ArrayList<>();
    Map<NodeState, Refusal> reasons = new LinkedHashMap<>();
    boolean harmless = false;
    for (int i = 0; i < nodes.size(); i++) {
      NodeState node = nodes.get((offset + i) % nodes.size());
      @Nullable Candidate found = tryNode(trial, node, budgets, reasons);
      if (found != null) {
        candidates.add(found);
        harmless |= found.violations() == 0;
        if (candidates.size() >= enough && harmless) {
          break;
        }
      }
    }
    offset = nodes.isEmpty() ? 0 : (offset + enough) % nodes.size();
    return new Result(
        candidates.isEmpty() ? null : Collections.min(candidates, Candidate.HARM), reasons);
  }

  private static @Nullable Candidate tryNode(
      Trial trial, NodeState node, Budgets budgets, Map<NodeState, Refusal> reasons) {
    List<PodFacts> lower = new ArrayList<>();
    for (PodFacts each : node.pods()) {
      if (each.priority() < trial.pod().priority()) {
        lower.add(each);
      }
    }
    if (lower.isEmpty()) {
      reasons.put(node, NO_VICTIMS);
      return null;
    }
    lower.sort(Candidate.IMPORTANCE);
    lower.forEach(each -> trial.leave(each, node));
    @Nullable Refusal refusal = trial.refusal(node);
    if (refusal != null) {
      reasons.put(node, refusal);
      lower.forEach(each -> trial.enter(each, node));
      return null;
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
      reasons.put(node, NO_VICTIMS);
      return null;
    }
    victims.forEach(each -> trial.enter(each, node));
    victims.sort(Candidate.IMPORTANCE);
    return new Candidate(node, victims, violations);
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
