// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import java.math.BigDecimal;
import java.util.HashMap;
import java.util.Map;

/// What a pod asks of a node: the sum of its containers, or the largest of its init containers
/// where that is more, and its overhead.
final class Requests {
  private Requests() {}

  static Map<String, BigDecimal> of(Pod pod) {
    Map<String, BigDecimal> total = new HashMap<>();
    for (Container container : pod.getSpec().getContainers()) {
      of(container).forEach((name, amount) -> total.merge(name, amount, BigDecimal::add));
    }
    Map<String, BigDecimal> sidecars = new HashMap<>();
    for (Container container : pod.getSpec().getInitContainers()) {
      if ("Always".equals(container.getRestartPolicy())) {
        of(container).forEach((name, amount) -> sidecars.merge(name, amount, BigDecimal::add));
        of(container).forEach((name, amount) -> total.merge(name, amount, BigDecimal::add));
      } else {
        of(container)
            .forEach(
                (name, amount) ->
                    total.merge(
                        name,
                        amount.add(sidecars.getOrDefault(name, BigDecimal.ZERO)),
                        BigDecimal::max));
      }
    }
    if (pod.getSpec().getOverhead() != null) {
      pod.getSpec()
          .getOverhead()
          .forEach(
              (name, amount) ->
                  total.merge(name, Quantity.getAmountInBytes(amount), BigDecimal::add));
    }
    return total;
  }

  private static Map<String, BigDecimal> of(Container container) {
    Map<String, BigDecimal> requests = new HashMap<>();
    if (container.getResources() != null && container.getResources().getRequests() != null) {
      container
          .getResources()
          .getRequests()
          .forEach((name, amount) -> requests.put(name, Quantity.getAmountInBytes(amount)));
    }
    return requests;
  }
}
