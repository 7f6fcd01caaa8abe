// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.state;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

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

  /// The only namespaces in which such pods are, or null when their labels decide.
  @Nullable Set<String> namespaces() {
    for (PodSelector each : all) {
      if (each.namespaceSelector().nothing()) {
        return each.namespaces();
      }
    }
    return null;
  }

  /// Labels that each of them has.
  Selector anchor() {
    return all.getFirst().labels();
  }
}
