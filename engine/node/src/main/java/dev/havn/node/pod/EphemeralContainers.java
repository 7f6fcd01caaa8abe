// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import dev.havn.reconcile.Api;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EphemeralContainer;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.ArrayList;
import java.util.List;

/// Containers that come into a running pod to look at it (KEP-277), as containers like the others.
final class EphemeralContainers {
  private static final String TARGET = "targetContainerName";

  private EphemeralContainers() {}

  static List<Container> of(Pod pod, Api api) {
    List<Container> containers = new ArrayList<>();
    for (EphemeralContainer each : pod.getSpec().getEphemeralContainers()) {
      Container container = api.convert(each, Container.class);
      String target = each.getTargetContainerName();
      if (target != null && !target.isEmpty()) {
        container.setAdditionalProperty(TARGET, target);
      }
      containers.add(container);
    }
    return containers;
  }

  /// The container whose processes it sees, empty for none.
  static String target(Container container) {
    Object target = container.getAdditionalProperties().get(TARGET);
    return target == null ? "" : target.toString();
  }
}
