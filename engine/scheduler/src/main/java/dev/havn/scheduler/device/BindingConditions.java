// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.device;

import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.resource.v1.AllocatedDeviceStatus;
import io.fabric8.kubernetes.api.model.resource.v1.AllocationResult;
import io.fabric8.kubernetes.api.model.resource.v1.DeviceRequestAllocationResult;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceClaim;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Whether the devices of a claim are ready for a pod: some have to be attached to its node first,
/// which their driver says by conditions (KEP-5007).
public final class BindingConditions {
  private BindingConditions() {}

  static boolean areWanted(@Nullable AllocationResult allocation) {
    return allocation != null && results(allocation).stream().anyMatch(BindingConditions::hasAny);
  }

  private static List<DeviceRequestAllocationResult> results(AllocationResult allocation) {
    return allocation.getDevices() == null ? List.of() : allocation.getDevices().getResults();
  }

  private static boolean hasAny(DeviceRequestAllocationResult result) {
    return result.getBindingConditions() != null && !result.getBindingConditions().isEmpty();
  }

  /// Whether all conditions of a claim are there.
  ///
  /// @throws Failed when a device cannot become ready
  public static boolean areMet(ResourceClaim claim) throws Failed {
    @Nullable AllocationResult allocation = allocation(claim);
    if (allocation == null) {
      return false;
    }
    for (DeviceRequestAllocationResult each : results(allocation)) {
      if (hasAny(each) && !areMet(claim, each)) {
        return false;
      }
    }
    return true;
  }

  private static boolean areMet(ResourceClaim claim, DeviceRequestAllocationResult result)
      throws Failed {
    @Nullable AllocatedDeviceStatus said = said(claim, result);
    if (said == null) {
      return false;
    }
    List<String> failures = result.getBindingFailureConditions();
    for (String type : failures == null ? List.<String>of() : failures) {
      @Nullable Condition condition = trueOne(said, type);
      if (condition != null) {
        throw new Failed(claim, condition);
      }
    }
    return result.getBindingConditions().stream().allMatch(type -> trueOne(said, type) != null);
  }

  private static @Nullable AllocatedDeviceStatus said(
      ResourceClaim claim, DeviceRequestAllocationResult result) {
    for (AllocatedDeviceStatus each : claim.getStatus().getDevices()) {
      if (result.getDriver().equals(each.getDriver())
          && result.getPool().equals(each.getPool())
          && result.getDevice().equals(each.getDevice())
          && isSame(result.getShareID(), each.getShareID())) {
        return each;
      }
    }
    return null;
  }

  private static boolean isSame(@Nullable String one, @Nullable String other) {
    return (one == null ? "" : one).equals(other == null ? "" : other);
  }

  private static @Nullable Condition trueOne(AllocatedDeviceStatus device, String type) {
    for (Condition each : device.getConditions()) {
      if (type.equals(each.getType())) {
        return "True".equals(each.getStatus()) ? each : null;
      }
    }
    return null;
  }

  private static @Nullable AllocationResult allocation(ResourceClaim claim) {
    return claim.getStatus() == null ? null : claim.getStatus().getAllocation();
  }

  /// When devices of a claim have not become ready in time; null when there is no such time.
  public static @Nullable Instant end(ResourceClaim claim, Duration within) {
    @Nullable AllocationResult allocation = allocation(claim);
    return allocation == null
            || !areWanted(allocation)
            || allocation.getAllocationTimestamp() == null
        ? null
        : Instant.parse(allocation.getAllocationTimestamp()).plus(within);
  }

  /// Whether nothing can be expected of a claim's devices any more.
  static boolean areLost(ResourceClaim claim, Instant now, Duration within) {
    try {
      @Nullable Instant end = end(claim, within);
      return !areMet(claim) && end != null && end.isBefore(now);
    } catch (Failed e) {
      return true;
    }
  }

  /// A device cannot be made ready for its node, in kube-scheduler's words.
  public static final class Failed extends Exception {
    private static final long serialVersionUID = 1;

    Failed(ResourceClaim claim, Condition condition) {
      super(
          "device binding failed: claim=%s, reason=%s, message=%s"
              .formatted(
                  claim.getMetadata().getName(),
                  condition.getReason(),
                  quoted(condition.getMessage())));
    }

    private static String quoted(@Nullable String text) {
      return text == null
          ? "\"\""
          : "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + "\"";
    }
  }
}
