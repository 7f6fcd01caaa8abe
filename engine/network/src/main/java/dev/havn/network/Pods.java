// SPDX-License-Identifier: Apache-2.0
package dev.havn.network;

import io.fabric8.kubernetes.api.model.Pod;

/// What the network asks of a pod.
final class Pods {
  private Pods() {}

  /// Whether it has an address that no other has: not after it has ended, when the address is given
  /// to the next.
  static boolean hasOwnAddress(Pod pod) {
    String phase = pod.getStatus() == null ? "" : String.valueOf(pod.getStatus().getPhase());
    return pod.getStatus() != null
        && pod.getStatus().getPodIP() != null
        && !pod.getStatus().getPodIP().isEmpty()
        && !Boolean.TRUE.equals(pod.getSpec().getHostNetwork())
        && !phase.equals("Succeeded")
        && !phase.equals("Failed");
  }
}
