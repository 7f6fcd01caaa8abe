// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.state;

import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/// Selects pods by namespace and labels.
///
/// @param namespaces by name
/// @param namespaceSelector further ones by their labels
public record PodSelector(Set<String> namespaces, Selector namespaceSelector, Selector labels) {

  public static PodSelector in(String namespace, Selector labels) {
    return new PodSelector(Set.of(namespace), Selector.NOTHING, labels);
  }

  /// @param namespaceLabels of a namespace by its name
  public boolean matches(PodFacts pod, Function<String, Map<String, String>> namespaceLabels) {
    return labels.matches(pod.labels())
        && (namespaces.contains(pod.namespace())
            || (!namespaceSelector.nothing()
                && namespaceSelector.matches(namespaceLabels.apply(pod.namespace()))));
  }

  /// Without asking for the labels of a namespace: whether it matches whatever they are, or may.
  public boolean mayMatch(PodFacts pod) {
    return labels.matches(pod.labels())
        && (namespaces.contains(pod.namespace()) || !namespaceSelector.nothing());
  }

  boolean asksNamespaces() {
    return !namespaceSelector.nothing() && !namespaceSelector.requirements().isEmpty();
  }
}
