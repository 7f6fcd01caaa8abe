// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.device;

import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.resource.v1.CounterSet;
import io.fabric8.kubernetes.api.model.resource.v1.Device;
import io.fabric8.kubernetes.api.model.resource.v1.DeviceCounterConsumption;
import io.fabric8.kubernetes.api.model.resource.v1.ResourceSlice;
import java.math.BigDecimal;
import java.util.HashMap;
import java.util.Map;

/// What is left of what devices share, such as the memory of which several are parts (KEP-4815).
final class CounterLedger {
  private final Map<Key, BigDecimal> left = new HashMap<>();

  private record Key(String driver, String pool, String set, String counter) {}

  CounterLedger(Inventory inventory, Taken taken) {
    for (Inventory.Pool pool : inventory.pools()) {
      for (ResourceSlice slice : pool.slices()) {
        if (slice.getSpec().getSharedCounters() != null) {
          slice.getSpec().getSharedCounters().forEach(set -> open(pool, set));
        }
      }
    }
    if (left.isEmpty()) {
      return;
    }
    for (Inventory.Pool pool : inventory.pools()) {
      for (ResourceSlice slice : pool.slices()) {
        for (Device device : slice.getSpec().getDevices()) {
          DeviceId id = new DeviceId(pool.driver(), pool.name(), device.getName());
          if (taken.isWhole(id) || taken.isShared(id)) {
            add(id, device, -1);
          }
        }
      }
    }
  }

  private void open(Inventory.Pool pool, CounterSet set) {
    set.getCounters()
        .forEach(
            (name, counter) ->
                left.put(
                    new Key(pool.driver(), pool.name(), set.getName(), name),
                    Quantity.getAmountInBytes(counter.getValue())));
  }

  /// Takes what a device needs, if that is there.
  boolean take(Offer offer) {
    add(offer.id(), offer.device(), -1);
    if (isEnough(offer)) {
      return true;
    }
    giveBack(offer);
    return false;
  }

  void giveBack(Offer offer) {
    add(offer.id(), offer.device(), 1);
  }

  private boolean isEnough(Offer offer) {
    if (offer.device().getConsumesCounters() == null) {
      return true;
    }
    for (DeviceCounterConsumption each : offer.device().getConsumesCounters()) {
      for (String name : each.getCounters().keySet()) {
        Key key = key(offer.id(), each, name);
        if (left.getOrDefault(key, BigDecimal.ZERO).signum() < 0) {
          return false;
        }
      }
    }
    return true;
  }

  private void add(DeviceId id, Device device, int times) {
    if (device.getConsumesCounters() == null) {
      return;
    }
    for (DeviceCounterConsumption each : device.getConsumesCounters()) {
      each.getCounters()
          .forEach(
              (name, counter) ->
                  left.merge(
                      key(id, each, name),
                      Quantity.getAmountInBytes(counter.getValue())
                          .multiply(BigDecimal.valueOf(times)),
                      BigDecimal::add));
    }
  }

  private static Key key(DeviceId id, DeviceCounterConsumption of, String counter) {
    return new Key(id.driver(), id.pool(), of.getCounterSet(), counter);
  }
}
