// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler;

import dev.havn.scheduler.device.DevicePlan;
import dev.havn.scheduler.state.PodFacts;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaim;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/// A place that is kept for a pod from the decision on until the pod has it or loses it again, and
/// what else is kept for the pod.
///
/// @param devices what its claims get
/// @param claims of devices that are kept for the pod, or may be; one that is made for it comes in
///   when it is. For many threads
record Hold(PodFacts pod, String node, DevicePlan devices, List<ResourceClaim> claims) {
  static Hold of(PodFacts pod, String node, DevicePlan devices) {
    return new Hold(pod, node, devices, new CopyOnWriteArrayList<>(devices.claims()));
  }

  /// Whether something is to be given back when the pod does not get its node.
  boolean hasClaims() {
    return !claims.isEmpty() || devices.extended() != null;
  }
}
