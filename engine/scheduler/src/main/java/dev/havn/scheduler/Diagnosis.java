// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/// Why no node fits, counted by reason, in kube-scheduler's words.
final class Diagnosis {
  private static final String HOPELESS = "Preemption is not helpful for scheduling";
  private static final String NO_VICTIMS = "No preemption victims found for incoming pod";

  private final Map<String, Integer> reasons = new TreeMap<>();
  private final Map<String, Integer> preemption = new TreeMap<>();
  private int nodes;

  /// Counts a node.
  void add(List<Filters.Refusal> refusals) {
    nodes++;
    refusals.forEach(refusal -> reasons.merge(refusal.message(), 1, Integer::sum));
    boolean hopeless = refusals.stream().anyMatch(refusal -> !refusal.evictable());
    preemption.merge(hopeless ? HOPELESS : NO_VICTIMS, 1, Integer::sum);
  }

  String message() {
    if (nodes == 0) {
      return "no nodes available to schedule pods";
    }
    String none = "0/" + nodes + " nodes are available: ";
    return none
        + counted(reasons)
        + ". no new claims to deallocate, preemption: "
        + none
        + counted(preemption)
        + ".";
  }

  /// In the order of the text, as the original sorts them.
  private static String counted(Map<String, Integer> counts) {
    return counts.entrySet().stream()
        .map(entry -> entry.getValue() + " " + entry.getKey())
        .sorted()
        .collect(Collectors.joining(", "));
  }
}
