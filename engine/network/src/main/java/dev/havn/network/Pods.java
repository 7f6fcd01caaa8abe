// SPDX-License-Identifier: Apache-2.0
package dev.havn.network;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodIP;
import java.util.List;
import java.util.Objects;

/// What the network asks of a pod.
final class Pods {
  private Pods() {}

  /// Those that the pod has, its first one first.
  static List<String> addresses(Pod pod) {
    List<PodIP> all = pod.getStatus().getPodIPs();
    return all == null || all.isEmpty()
        ? List.of(pod.getStatus().getPodIP())
        : all.stream().map(PodIP::getIp).filter(Objects::nonNull).toList();
  }

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
