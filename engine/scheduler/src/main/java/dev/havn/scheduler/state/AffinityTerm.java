// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.state;

import io.fabric8.kubernetes.api.model.PodAffinityTerm;
import io.fabric8.kubernetes.api.model.WeightedPodAffinityTerm;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// A term of pod affinity or anti-affinity.
///
/// @param topologyKey of the label by which nodes are together
/// @param weight of a preference; 1 for what is required
public record AffinityTerm(PodSelector selector, String topologyKey, int weight) {

  /// A term that names no namespaces means that of its own pod.
  static AffinityTerm of(PodAffinityTerm term, String namespace, int weight) {
    boolean own =
        (term.getNamespaces() == null || term.getNamespaces().isEmpty())
            && term.getNamespaceSelector() == null;
    Set<String> namespaces =
        own
            ? Set.of(namespace)
            : term.getNamespaces() == null ? Set.of() : Set.copyOf(term.getNamespaces());
    return new AffinityTerm(
        new PodSelector(
            namespaces,
            Selector.of(term.getNamespaceSelector()),
            Selector.of(term.getLabelSelector())),
        term.getTopologyKey(),
        weight);
  }

  static List<AffinityTerm> required(@Nullable List<PodAffinityTerm> terms, String namespace) {
    if (terms == null || terms.isEmpty()) {
      return List.of();
    }
    List<AffinityTerm> all = new ArrayList<>(terms.size());
    terms.forEach(each -> all.add(of(each, namespace, 1)));
    return all;
  }

  /// @param sign -1 for what is to be kept away from
  static List<AffinityTerm> preferred(
      @Nullable List<WeightedPodAffinityTerm> terms, String namespace, int sign) {
    if (terms == null || terms.isEmpty()) {
      return List.of();
    }
    List<AffinityTerm> all = new ArrayList<>(terms.size());
    terms.forEach(
        each -> all.add(of(each.getPodAffinityTerm(), namespace, sign * each.getWeight())));
    return all;
  }
}
