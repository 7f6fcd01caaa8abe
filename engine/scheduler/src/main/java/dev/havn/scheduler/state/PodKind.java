// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.state;

import java.util.List;
import java.util.Map;
import java.util.function.Function;

/// Pods that several selectors all mean.
///
/// @param staying whether those that are being deleted do not count
public record PodKind(List<PodSelector> all, boolean staying) {

  public boolean matches(PodFacts pod, Function<String, Map<String, String>> namespaceLabels) {
    if (staying && pod.isLeaving()) {
      return false;
    }
    for (PodSelector each : all) {
      if (!each.matches(pod, namespaceLabels)) {
        return false;
      }
    }
    return true;
  }

  boolean asksNamespaces() {
    return all.stream().anyMatch(PodSelector::asksNamespaces);
  }

  /// Labels that each of them has.
  Selector anchor() {
    return all.getFirst().labels();
  }
}
