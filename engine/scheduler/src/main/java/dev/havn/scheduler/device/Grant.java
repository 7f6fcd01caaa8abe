// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.device;

import io.fabric8.kubernetes.api.model.resource.v1.AllocationResult;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaim;
import org.jspecify.annotations.Nullable;

/// What has to be written to a claim before a pod that uses it gets its node.
///
/// @param allocation null when the claim has its devices already and only is to be kept for the pod
public record Grant(ResourceClaim claim, @Nullable AllocationResult allocation) {}
