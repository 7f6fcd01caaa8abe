// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.devices;

import io.fabric8.kubernetes.api.model.resource.v1.Device;
import io.fabric8.kubernetes.api.model.resource.v1.DeviceRequestAllocationResult;
import io.fabric8.kubernetes.api.model.resource.v1.DeviceTaint;
import io.fabric8.kubernetes.api.model.resource.v1.DeviceToleration;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceSlice;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// When who uses a device must go because of its taints (KEP-5055).
final class DeviceTaints {
  private static final String NO_EXECUTE = "NoExecute";

  private DeviceTaints() {}

  /// Whether a slice may make somebody go.
  static boolean has(ResourceSlice slice) {
    return slice.getSpec().getDevices().stream().anyMatch(each -> !evicting(each).isEmpty());
  }

  private static List<DeviceTaint> evicting(Device device) {
    @Nullable List<DeviceTaint> taints = device.getTaints();
    return taints == null
        ? List.of()
        : taints.stream().filter(each -> NO_EXECUTE.equals(each.getEffect())).toList();
  }

  /// When the user of an allocated device must go, empty for never.
  ///
  /// @param pool the slices of the device's pool
  static Optional<Instant> end(
      DeviceRequestAllocationResult allocated, Collection<ResourceSlice> pool) {
    Optional<Instant> first = Optional.empty();
    for (DeviceTaint taint : taints(allocated.getDevice(), pool)) {
      Optional<Instant> end = end(taint, allocated.getTolerations());
      if (end.isPresent() && first.filter(known -> !end.get().isBefore(known)).isEmpty()) {
        first = end;
      }
    }
    return first;
  }

  /// Those that the newest description of the pool gives a device.
  private static List<DeviceTaint> taints(String device, Collection<ResourceSlice> pool) {
    long newest =
        pool.stream().mapToLong(each -> each.getSpec().getPool().getGeneration()).max().orElse(0);
    List<DeviceTaint> taints = new ArrayList<>();
    for (ResourceSlice slice : pool) {
      if (slice.getSpec().getPool().getGeneration() == newest) {
        slice.getSpec().getDevices().stream()
            .filter(each -> each.getName().equals(device))
            .forEach(each -> taints.addAll(evicting(each)));
      }
    }
    return taints;
  }

  private static Optional<Instant> end(
      DeviceTaint taint, @Nullable List<DeviceToleration> tolerations) {
    Instant since =
        taint.getTimeAdded() == null ? Instant.EPOCH : Instant.parse(taint.getTimeAdded());
    long least = Long.MAX_VALUE;
    for (DeviceToleration each : tolerations == null ? List.<DeviceToleration>of() : tolerations) {
      if (!NO_EXECUTE.equals(each.getEffect()) || !tolerates(each, taint)) {
        continue;
      }
      @Nullable Long seconds = each.getTolerationSeconds();
      if (seconds == null) {
        return Optional.empty();
      }
      least = Math.min(least, Math.max(0, seconds));
    }
    return Optional.of(least == Long.MAX_VALUE ? since : since.plusSeconds(least));
  }

  private static boolean tolerates(DeviceToleration toleration, DeviceTaint taint) {
    String key = text(toleration.getKey());
    if (!key.isEmpty() && !key.equals(taint.getKey())) {
      return false;
    }
    return "Exists".equals(toleration.getOperator())
        || (!key.isEmpty() && text(toleration.getValue()).equals(text(taint.getValue())));
  }

  private static String text(@Nullable String text) {
    return text == null ? "" : text;
  }
}
