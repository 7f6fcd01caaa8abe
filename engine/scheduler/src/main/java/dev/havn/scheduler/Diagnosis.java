// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler;

import dev.havn.scheduler.plugin.Refusal;
import dev.havn.scheduler.plugin.Refusals;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Why no node fits, counted by reason, in kube-scheduler's words.
///
/// @param nodes how many there are
/// @param early set when the pod was refused before nodes were looked at
/// @param refusals of the nodes that were
/// @param others said of the nodes that were not
/// @param remedy what came of trying to make room, or empty
record Diagnosis(
    int nodes, @Nullable Refusal early, Refusals refusals, Refusal others, String remedy) {
  private static final String NO_NODES = "no nodes available to schedule pods";

  /// A plugin that waits for nodes to come.
  private static final String WAITS_FOR_NODES = "NodeName";

  Diagnosis withRemedy(String said) {
    return new Diagnosis(nodes, early, refusals, others, said);
  }

  String message() {
    if (nodes == 0) {
      return NO_NODES;
    }
    String why =
        early == null
            ? counted(nodes, refusals, others)
            : none(nodes) + " " + String.join(", ", early.reasons()) + ".";
    return remedy.isEmpty() ? why : why + " " + remedy;
  }

  private static String none(int nodes) {
    return "0/" + nodes + " nodes are available:";
  }

  /// How often each reason was given, in the order of the text, as the original sorts them.
  static String counted(int nodes, Refusals refusals, Refusal others) {
    Map<String, Integer> counts = new TreeMap<>();
    refusals.addTo(counts);
    int left = nodes - refusals.total();
    if (left > 0) {
      others.reasons().forEach(reason -> counts.merge(reason, left, Integer::sum));
    }
    List<String> sorted =
        counts.entrySet().stream()
            .map(entry -> entry.getValue() + " " + entry.getKey())
            .sorted()
            .toList();
    return sorted.isEmpty()
        ? none(nodes)
        : sorted.stream().collect(Collectors.joining(", ", none(nodes) + " ", "."));
  }

  /// The plugins that refused, which know what may help.
  Set<String> plugins() {
    Set<String> plugins = new HashSet<>();
    if (nodes == 0) {
      plugins.add(WAITS_FOR_NODES);
    } else if (early != null) {
      plugins.add(early.plugin());
    } else {
      refusals.kinds().forEach(each -> plugins.add(each.plugin()));
      if (nodes > refusals.total()) {
        plugins.add(others.plugin());
      }
    }
    return plugins;
  }
}
