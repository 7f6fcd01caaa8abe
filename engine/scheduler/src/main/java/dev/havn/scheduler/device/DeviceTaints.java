// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.device;

import io.fabric8.kubernetes.api.model.resource.v1.Device;
import io.fabric8.kubernetes.api.model.resource.v1.DeviceTaint;
import io.fabric8.kubernetes.api.model.resource.v1.DeviceToleration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Whether requests tolerate the taints of devices (KEP-5055).
final class DeviceTaints {
  private DeviceTaints() {}

  static boolean allow(Device device, List<DeviceToleration> tolerations) {
    if (device.getTaints() == null) {
      return true;
    }
    for (DeviceTaint taint : device.getTaints()) {
      boolean keepsAway =
          "NoSchedule".equals(taint.getEffect()) || "NoExecute".equals(taint.getEffect());
      if (keepsAway && tolerations.stream().noneMatch(each -> tolerates(each, taint))) {
        return false;
      }
    }
    return true;
  }

  private static boolean tolerates(DeviceToleration toleration, DeviceTaint taint) {
    if (!isEmpty(toleration.getEffect()) && !toleration.getEffect().equals(taint.getEffect())) {
      return false;
    }
    if (!isEmpty(toleration.getKey()) && !toleration.getKey().equals(taint.getKey())) {
      return false;
    }
    if ("Exists".equals(toleration.getOperator())) {
      return true;
    }
    String value = taint.getValue() == null ? "" : taint.getValue();
    return !isEmpty(toleration.getKey())
        && value.equals(toleration.getValue() == null ? "" : toleration.getValue());
  }

  private static boolean isEmpty(@Nullable String text) {
    return text == null || text.isEmpty();
  }
}
