// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.device;

import io.fabric8.kubernetes.api.model.resource.v1.AllocationResult;
import io.fabric8.kubernetes.api.model.resource.v1.DeviceRequest;
import io.fabric8.kubernetes.api.model.resource.v1.DeviceRequestAllocationResult;
import io.fabric8.kubernetes.api.model.resource.v1.DeviceSubRequest;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaim;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// How well a claim is served: the earlier the alternatives that its requests got, the better
/// (KEP-4816).
final class Preference {
  /// A request has no more alternatives than this; the first of them is worth as much.
  private static final int ALTERNATIVES_MAX = 8;

  private Preference() {}

  /// Whether a claim leaves a choice.
  static boolean isLeftBy(ResourceClaim claim) {
    return Want.requests(claim).stream().anyMatch(each -> !each.getFirstAvailable().isEmpty());
  }

  /// From 1, for the last of eight alternatives, to 8, for the first, added up over all requests;
  /// those without alternatives are worth nothing.
  static long of(ResourceClaim claim, AllocationResult allocation) {
    if (allocation.getDevices() == null) {
      return 0;
    }
    Set<String> given = new HashSet<>();
    for (DeviceRequestAllocationResult each : allocation.getDevices().getResults()) {
      given.add(each.getRequest());
    }
    long sum = 0;
    for (DeviceRequest request : Want.requests(claim)) {
      List<DeviceSubRequest> alternatives = request.getFirstAvailable();
      for (int i = 0; i < alternatives.size(); i++) {
        if (given.contains(request.getName() + "/" + alternatives.get(i).getName())) {
          sum += ALTERNATIVES_MAX - i;
        }
      }
    }
    return sum;
  }
}
