// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.quota;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceQuotaSpec;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import io.fabric8.kubernetes.api.model.ScopedResourceSelectorRequirement;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// What a pod takes of a quota, and whether it is the quota's concern.
final class PodUsage {
  private PodUsage() {}

  /// @param limits whether limits are counted, not requests
  /// @param resource such as `cpu`
  static BigDecimal of(Pod pod, boolean limits, String resource) {
    BigDecimal together = BigDecimal.ZERO;
    for (Container each : pod.getSpec().getContainers()) {
      together = together.add(amount(each, limits, resource));
    }
    BigDecimal alone = BigDecimal.ZERO;
    for (Container each : pod.getSpec().getInitContainers()) {
      BigDecimal own = amount(each, limits, resource);
      if ("Always".equals(each.getRestartPolicy())) {
        together = together.add(own);
      } else {
        alone = alone.max(own);
      }
    }
    BigDecimal most = together.max(alone);
    @Nullable Map<String, Quantity> overhead = pod.getSpec().getOverhead();
    @Nullable Quantity more = overhead == null ? null : overhead.get(resource);
    return most.signum() == 0 || more == null ? most : most.add(more.getNumericalAmount());
  }

  private static BigDecimal amount(Container container, boolean limits, String resource) {
    @Nullable ResourceRequirements resources = container.getResources();
    if (resources == null) {
      return BigDecimal.ZERO;
    }
    @Nullable Map<String, Quantity> amounts =
        limits ? resources.getLimits() : resources.getRequests();
    @Nullable Quantity amount = amounts == null ? null : amounts.get(resource);
    return amount == null ? BigDecimal.ZERO : amount.getNumericalAmount();
  }

  static boolean isInScope(ResourceQuotaSpec quota, Pod pod) {
    for (String scope : quota.getScopes()) {
      if (!isIn(scope, pod)) {
        return false;
      }
    }
    if (quota.getScopeSelector() == null) {
      return true;
    }
    return quota.getScopeSelector().getMatchExpressions().stream()
        .allMatch(each -> matches(each, pod));
  }

  private static boolean matches(ScopedResourceSelectorRequirement requirement, Pod pod) {
    if (!requirement.getScopeName().equals("PriorityClass")) {
      return isIn(requirement.getScopeName(), pod);
    }
    @Nullable String name = pod.getSpec().getPriorityClassName();
    boolean listed = requirement.getValues().contains(name);
    return switch (requirement.getOperator()) {
      case "In" -> listed;
      case "NotIn" -> !listed;
      case "Exists" -> name != null;
      default -> name == null;
    };
  }

  private static boolean isIn(String scope, Pod pod) {
    boolean ends = pod.getSpec().getActiveDeadlineSeconds() != null;
    return switch (scope) {
      case "Terminating" -> ends;
      case "NotTerminating" -> !ends;
      case "BestEffort" -> isBestEffort(pod);
      case "NotBestEffort" -> !isBestEffort(pod);
      case "PriorityClass" -> pod.getSpec().getPriorityClassName() != null;
      default -> false;
    };
  }

  private static boolean isBestEffort(Pod pod) {
    return Stream.of(pod.getSpec().getContainers(), pod.getSpec().getInitContainers())
        .flatMap(List::stream)
        .map(Container::getResources)
        .allMatch(
            resources ->
                resources == null
                    || (isEmpty(resources.getRequests()) && isEmpty(resources.getLimits())));
  }

  private static boolean isEmpty(@Nullable Map<String, Quantity> amounts) {
    return amounts == null || amounts.isEmpty();
  }
}
