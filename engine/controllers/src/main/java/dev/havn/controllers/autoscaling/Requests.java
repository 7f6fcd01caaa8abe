// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.autoscaling;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceRequirements;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What pods ask for, in thousandths: the whole of which utilization is a part.
final class Requests {
  private static final List<String> OF_PODS = List.of("cpu", "memory");

  private Requests() {}

  /// By pod.
  ///
  /// @param container of whose requests, empty for those of the whole pod
  static Map<String, Long> of(List<Pod> pods, String container, String resource) {
    Map<String, Long> requests = new HashMap<>();
    for (Pod pod : pods) {
      requests.put(pod.getMetadata().getName(), of(pod, container, resource));
    }
    return requests;
  }

  private static long of(Pod pod, String container, String resource) {
    @Nullable ResourceRequirements whole = pod.getSpec().getResources();
    if (container.isEmpty() && OF_PODS.stream().anyMatch(each -> asked(whole, each) != null)) {
      return ofWhole(pod, whole, resource);
    }
    long sum = 0;
    for (Container each : lasting(pod)) {
      if (!container.isEmpty() && !container.equals(each.getName())) {
        continue;
      }
      @Nullable Quantity asked = asked(each.getResources(), resource);
      if (asked == null) {
        throw new UncountableException(
            "missing request for %s in container %s of Pod %s"
                .formatted(resource, each.getName(), pod.getMetadata().getName()));
      }
      if (!container.isEmpty()) {
        return Amounts.milli(asked);
      }
      sum = Amounts.plus(sum, Amounts.milli(asked));
    }
    if (!container.isEmpty()) {
      throw new UncountableException(
          "container %s not found in Pod %s".formatted(container, pod.getMetadata().getName()));
    }
    return sum;
  }

  /// Of a pod that asks as a whole: what it does not ask for so, its containers may.
  private static long ofWhole(Pod pod, @Nullable ResourceRequirements whole, String resource) {
    long overhead = 0;
    if (pod.getSpec().getOverhead() != null && pod.getSpec().getOverhead().get(resource) != null) {
      overhead = Amounts.milli(pod.getSpec().getOverhead().get(resource));
    }
    @Nullable Quantity asked = asked(whole, resource);
    if (asked != null) {
      return Amounts.plus(Amounts.milli(asked), overhead);
    }
    long sum = 0;
    boolean any = false;
    for (Container each : lasting(pod)) {
      @Nullable Quantity own = asked(each.getResources(), resource);
      any |= own != null;
      sum = own == null ? sum : Amounts.plus(sum, Amounts.milli(own));
    }
    if (!any) {
      throw new UncountableException(
          "missing pod-level request for %s in Pod %s"
              .formatted(resource, pod.getMetadata().getName()));
    }
    return Amounts.plus(sum, overhead);
  }

  /// Containers and sidecars.
  private static List<Container> lasting(Pod pod) {
    List<Container> lasting = new ArrayList<>(pod.getSpec().getContainers());
    pod.getSpec().getInitContainers().stream()
        .filter(each -> "Always".equals(each.getRestartPolicy()))
        .forEach(lasting::add);
    return lasting;
  }

  private static @Nullable Quantity asked(
      @Nullable ResourceRequirements resources, String resource) {
    return resources == null || resources.getRequests() == null
        ? null
        : resources.getRequests().get(resource);
  }
}
