// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import dev.havn.node.runtime.ContainerRuntime;
import dev.havn.node.runtime.ContainerRuntime.Container;
import io.fabric8.kubernetes.api.model.Pod;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// In which order the containers of a pod end.
record StopOrder(ContainerRuntime runtime, Stops stops) {
  /// Asks the containers of a pod to end: first the main ones, then sidecars from the last to the
  /// first.
  ///
  /// @return whether any still runs
  boolean stopAll(Pod pod, Duration grace) {
    List<Container> main = new ArrayList<>();
    List<Container> sidecars = new ArrayList<>();
    var specs = specs(pod);
    for (Container container : runtime.containers(pod.getMetadata().getUid())) {
      if (container.running()) {
        (isSidecar(pod, container.name()) ? sidecars : main).add(container);
      }
    }
    for (Container container : main) {
      stop(pod, specs.get(container.name()), container, grace);
    }
    if (main.isEmpty() && !sidecars.isEmpty()) {
      var order = pod.getSpec().getInitContainers().reversed();
      for (var spec : order) {
        for (Container container : sidecars) {
          if (container.name().equals(spec.getName())) {
            stop(pod, spec, container, grace);
            return true;
          }
        }
      }
    }
    return !main.isEmpty() || !sidecars.isEmpty();
  }

  private void stop(
      Pod pod,
      io.fabric8.kubernetes.api.model.@Nullable Container spec,
      Container container,
      Duration grace) {
    stops.stop(pod, spec, container, grace, "Stopping container " + container.name());
  }

  private static Map<String, io.fabric8.kubernetes.api.model.Container> specs(Pod pod) {
    Map<String, io.fabric8.kubernetes.api.model.Container> specs = new ConcurrentHashMap<>();
    pod.getSpec().getInitContainers().forEach(each -> specs.put(each.getName(), each));
    pod.getSpec().getContainers().forEach(each -> specs.put(each.getName(), each));
    return specs;
  }

  private static boolean isSidecar(Pod pod, String name) {
    return pod.getSpec().getInitContainers().stream()
        .anyMatch(each -> each.getName().equals(name) && "Always".equals(each.getRestartPolicy()));
  }
}
