// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.volume;

import io.fabric8.kubernetes.api.model.PersistentVolume;
import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import java.util.List;
import java.util.Map;

/// What has to happen to a pod's claims before it gets its node.
///
/// @param bind volumes for claims, by the claims' keys
/// @param provision claims for which a volume is to be made, reachable from the node
/// @param await keys of the claims that must be bound then
public record BindingPlan(
    Map<String, PersistentVolume> bind, List<PersistentVolumeClaim> provision, List<String> await) {
  public static final BindingPlan NOTHING = new BindingPlan(Map.of(), List.of(), List.of());

  public boolean isEmpty() {
    return await.isEmpty();
  }
}
