// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler;

import io.fabric8.kubernetes.api.model.Pod;

/// Where a pod stands in its life, as the API says it.
final class PodState {
  private PodState() {}

  static String uid(Pod pod) {
    return pod.getMetadata().getUid();
  }

  static boolean isBound(Pod pod) {
    String node = pod.getSpec().getNodeName();
    return node != null && !node.isEmpty();
  }

  static boolean isFinished(Pod pod) {
    String phase = pod.getStatus() == null ? "" : String.valueOf(pod.getStatus().getPhase());
    return phase.equals("Succeeded") || phase.equals("Failed");
  }
}
