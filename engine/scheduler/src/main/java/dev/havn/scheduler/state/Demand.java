// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.state;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What a pod takes of a node, computed once per pod: the sum of its containers, or the largest of
/// its init containers where that is more, or what the pod as a whole asks for, and its overhead.
///
/// @param amounts what it asks for
/// @param scored what it counts for when nodes are compared: containers that ask for no `cpu` or
///   `memory` count as 100 m and 200 MB
public record Demand(Resources amounts, Resources scored) {
  private static final long SCORED_MILLI_CPU = 100;
  private static final long SCORED_MEMORY = 200L << 20;

  /// Resources that a pod can ask for as a whole (KEP-2837).
  private static boolean isOfPods(String name) {
    return name.equals(Resources.CPU)
        || name.equals(Resources.MEMORY)
        || name.startsWith("hugepages-");
  }

  public static Demand of(Pod pod) {
    return new Demand(total(pod, false), total(pod, true));
  }

  private static Resources total(Pod pod, boolean scored) {
    @Nullable Map<String, Quantity> ofPod =
        pod.getSpec().getResources() == null ? null : pod.getSpec().getResources().getRequests();
    boolean resizable = isResizable(pod);
    Resources total = new Resources();
    for (Container container : pod.getSpec().getContainers()) {
      total.add(requests(container, resizable ? status(pod, container) : null, scored), 1);
    }
    Resources sidecars = new Resources();
    Resources peak = new Resources();
    for (Container container : pod.getSpec().getInitContainers()) {
      boolean sidecar = "Always".equals(container.getRestartPolicy());
      Resources asked =
          requests(container, sidecar && resizable ? initStatus(pod, container) : null, scored);
      if (sidecar) {
        total.add(asked, 1);
        sidecars.add(asked, 1);
        peak.raise(sidecars);
      } else {
        asked.add(sidecars, 1);
        peak.raise(asked);
      }
    }
    total.raise(peak);
    if (ofPod != null) {
      Resources whole = Resources.of(ofPod);
      if (pod.getStatus() != null && pod.getStatus().getResources() != null) {
        whole.raise(held(pod, pod.getStatus().getResources().getRequests()));
        whole.raise(held(pod, pod.getStatus().getAllocatedResources()));
      }
      ofPod.keySet().stream()
          .filter(Demand::isOfPods)
          .forEach(name -> total.set(name, whole.get(name)));
    }
    total.add(Resources.of(pod.getSpec().getOverhead()), 1);
    return total;
  }

  /// What a node says that a pod has (KEP-5419), less the overhead that is in it.
  private static Resources held(Pod pod, @Nullable Map<String, Quantity> amounts) {
    Resources held = Resources.of(amounts);
    held.add(Resources.of(pod.getSpec().getOverhead()), -1);
    return held;
  }

  /// A pod that has a node may be resized there: until that is done it holds the larger amount.
  private static boolean isResizable(Pod pod) {
    return pod.getStatus() != null
        && pod.getSpec().getNodeName() != null
        && !pod.getStatus().getContainerStatuses().isEmpty();
  }

  private static Resources requests(
      Container container, @Nullable ContainerStatus status, boolean scored) {
    @Nullable Map<String, Quantity> asked =
        container.getResources() == null ? null : container.getResources().getRequests();
    Resources requests = Resources.of(asked);
    if (status != null) {
      if (status.getResources() != null) {
        requests.raise(Resources.of(status.getResources().getRequests()));
      }
      requests.raise(Resources.of(status.getAllocatedResources()));
    }
    if (scored && (asked == null || !asked.containsKey(Resources.CPU))) {
      requests.set(Resources.CPU, SCORED_MILLI_CPU);
    }
    if (scored && (asked == null || !asked.containsKey(Resources.MEMORY))) {
      requests.set(Resources.MEMORY, SCORED_MEMORY);
    }
    return requests;
  }

  private static @Nullable ContainerStatus status(Pod pod, Container container) {
    return status(pod.getStatus().getContainerStatuses(), container);
  }

  private static @Nullable ContainerStatus initStatus(Pod pod, Container container) {
    return status(pod.getStatus().getInitContainerStatuses(), container);
  }

  private static @Nullable ContainerStatus status(
      List<ContainerStatus> statuses, Container container) {
    for (ContainerStatus each : statuses) {
      if (container.getName().equals(each.getName())) {
        return each;
      }
    }
    return null;
  }
}
