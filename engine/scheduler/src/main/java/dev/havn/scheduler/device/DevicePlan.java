// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.device;

import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaim;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What has to be done about the devices of a pod before it gets its node.
///
/// @param grants what is to be written
/// @param claims all that the pod uses
/// @param extended what is to be made for its extended resources, or null
/// @param waits whether the pod gets its node only when the devices are ready for it
public record DevicePlan(
    List<Grant> grants,
    List<ResourceClaim> claims,
    @Nullable ExtendedClaim extended,
    boolean waits) {
  public static final DevicePlan NOTHING = new DevicePlan(List.of(), List.of(), null, false);
}
