// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.quota;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import java.math.BigDecimal;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// What a pod takes of one resource as a whole (KEP-753, KEP-2837): what its containers take
/// together and the sidecars with them, or what an init container takes beside the sidecars that
/// started before it; what is said for the pod itself goes before.
///
/// @param limits whether limits are meant, not requests
/// @param resource such as `cpu`
record PodAmounts(Pod pod, boolean limits, String resource) {
  private static final Set<String> OF_PODS = Set.of("cpu", "memory");

  BigDecimal total() {
    @Nullable BigDecimal whole = isOfPods() ? amount(pod.getSpec().getResources()) : null;
    BigDecimal most = whole == null ? ofContainers() : whole;
    @Nullable Map<String, Quantity> overhead = pod.getSpec().getOverhead();
    @Nullable Quantity more = overhead == null ? null : overhead.get(resource);
    return more == null || (limits && !isNamed()) ? most : most.add(more.getNumericalAmount());
  }

  private boolean isOfPods() {
    return OF_PODS.contains(resource) || resource.startsWith("hugepages-");
  }

  /// A limit that is not there stays not there.
  private boolean isNamed() {
    return (isOfPods() && amount(pod.getSpec().getResources()) != null)
        || Stream.concat(
                pod.getSpec().getContainers().stream(), pod.getSpec().getInitContainers().stream())
            .anyMatch(each -> amount(each.getResources()) != null);
  }

  private BigDecimal ofContainers() {
    BigDecimal together = BigDecimal.ZERO;
    for (Container each : pod.getSpec().getContainers()) {
      together = together.add(orZero(amount(each.getResources())));
    }
    BigDecimal sidecars = BigDecimal.ZERO;
    BigDecimal starting = BigDecimal.ZERO;
    for (Container each : pod.getSpec().getInitContainers()) {
      BigDecimal now = sidecars.add(orZero(amount(each.getResources())));
      if ("Always".equals(each.getRestartPolicy())) {
        sidecars = now;
      }
      starting = starting.max(now);
    }
    return together.add(sidecars).max(starting);
  }

  private static BigDecimal orZero(@Nullable BigDecimal amount) {
    return amount == null ? BigDecimal.ZERO : amount;
  }

  private @Nullable BigDecimal amount(@Nullable ResourceRequirements resources) {
    if (resources == null) {
      return null;
    }
    @Nullable Map<String, Quantity> amounts =
        limits ? resources.getLimits() : resources.getRequests();
    @Nullable Quantity amount = amounts == null ? null : amounts.get(resource);
    return amount == null ? null : amount.getNumericalAmount();
  }
}
