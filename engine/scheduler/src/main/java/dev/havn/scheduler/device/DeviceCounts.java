// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.device;

import dev.havn.scheduler.plugin.ResourceDevices;
import dev.havn.scheduler.state.NodeState;
import io.fabric8.kubernetes.api.model.resource.v1.DeviceClass;
import io.fabric8.kubernetes.api.model.resource.v1.DeviceSelector;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Counts the devices of a class that a node reaches. One that several claims share is taken with
/// the first of them.
public final class DeviceCounts implements ResourceDevices {
  private static final Logger LOG = LoggerFactory.getLogger(DeviceCounts.class);

  private final Devices devices;
  private final DeviceExpression.Cache expressions = new DeviceExpression.Cache();

  public DeviceCounts(Devices devices) {
    this.devices = devices;
  }

  @Override
  public @Nullable Count of(String resource, NodeState node) {
    @Nullable DeviceClass kind = devices.extendedResources().classOf(resource);
    if (kind == null) {
      return null;
    }
    Taken taken = devices.taken();
    long all = 0;
    long gone = 0;
    try {
      for (Offer each : Reach.of(devices.inventory(), node)) {
        if (isOf(kind, each)) {
          all++;
          gone += taken.isWhole(each.id()) || taken.isShared(each.id()) ? 1 : 0;
        }
      }
    } catch (DeviceExpression.Problem e) {
      LOG.debug("devices of {} are not counted: {}", resource, e.getMessage());
      return null;
    }
    return all == 0 ? null : new Count(all, gone);
  }

  private boolean isOf(DeviceClass kind, Offer offer) throws DeviceExpression.Problem {
    for (DeviceSelector each : kind.getSpec().getSelectors()) {
      if (each.getCel() != null && !expressions.of(each.getCel().getExpression()).selects(offer)) {
        return false;
      }
    }
    return true;
  }
}
