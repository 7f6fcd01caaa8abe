// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import dev.havn.node.runtime.ContainerRuntime;
import dev.havn.node.runtime.ContainerRuntime.Container;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.HashSet;
import java.util.Set;

/// The images that must stay on a node: those of all containers, also such that ended, and those
/// that pods want.
final class UsedImages {
  private UsedImages() {}

  static Set<String> of(ContainerRuntime runtime, BoundPods pods) {
    Set<String> names = new HashSet<>();
    for (String uid : runtime.pods()) {
      for (Container each : runtime.containers(uid)) {
        names.add(each.image());
        names.add(each.imageId());
      }
    }
    for (Pod pod : pods.list()) {
      if (!PodStatusOf.isOver(pod)) {
        Restarts.containers(pod).forEach(each -> names.add(each.getImage()));
        pod.getSpec().getVolumes().stream()
            .filter(each -> each.getImage() != null)
            .forEach(each -> names.add(each.getImage().getReference()));
      }
    }
    return names;
  }
}
