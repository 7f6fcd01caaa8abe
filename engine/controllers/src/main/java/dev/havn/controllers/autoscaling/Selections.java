// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.autoscaling;

import dev.havn.reconcile.Reconciler.Key;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;

/// Which pods each autoscaler has chosen when it was last looked at, so that two do not pull at the
/// same ones.
final class Selections {
  private final Map<Key, PodSelector> byAutoscaler = new ConcurrentHashMap<>();

  void forget(Key autoscaler) {
    byAutoscaler.remove(autoscaler);
  }

  /// Notes what an autoscaler chooses.
  ///
  /// @return all that choose some of `pods`, as Kubernetes lists them; empty when it is alone
  String others(Key autoscaler, PodSelector selector, List<Pod> pods) {
    byAutoscaler.put(autoscaler, selector);
    List<Key> choosing =
        byAutoscaler.entrySet().stream()
            .filter(each -> each.getKey().namespace().equals(autoscaler.namespace()))
            .filter(
                each ->
                    pods.stream()
                        .anyMatch(pod -> each.getValue().matches(pod.getMetadata().getLabels())))
            .map(Map.Entry::getKey)
            .sorted((one, other) -> one.name().compareTo(other.name()))
            .toList();
    return choosing.size() < 2
        ? ""
        : choosing.stream()
            .map(each -> each.namespace() + "/" + each.name())
            .collect(Collectors.joining(" ", "[", "]"));
  }
}
