// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.device;

import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.resource.v1.AllocationResult;
import io.fabric8.kubernetes.api.model.resource.v1.DeviceRequestAllocationResult;
import java.math.BigDecimal;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What belongs to claims: whole devices, and of devices that several may have (KEP-5075) how much
/// of each capacity.
public final class Taken {
  private final Set<DeviceId> whole;
  private final Map<DeviceId, Map<String, BigDecimal>> shares;

  public Taken() {
    this(new HashSet<>(), new HashMap<>());
  }

  private Taken(Set<DeviceId> whole, Map<DeviceId, Map<String, BigDecimal>> shares) {
    this.whole = whole;
    this.shares = shares;
  }

  public Taken copy() {
    Map<DeviceId, Map<String, BigDecimal>> copies = new HashMap<>();
    shares.forEach((id, amounts) -> copies.put(id, new HashMap<>(amounts)));
    return new Taken(new HashSet<>(whole), copies);
  }

  /// Adds what a claim has got. What is looked at by an administrator is not taken.
  public void add(@Nullable AllocationResult allocation) {
    if (allocation == null || allocation.getDevices() == null) {
      return;
    }
    for (DeviceRequestAllocationResult each : allocation.getDevices().getResults()) {
      if (Boolean.TRUE.equals(each.getAdminAccess())) {
        continue;
      }
      DeviceId id = new DeviceId(each.getDriver(), each.getPool(), each.getDevice());
      if (each.getShareID() == null) {
        whole.add(id);
      } else {
        add(id, each.getConsumedCapacity() == null ? Map.of() : each.getConsumedCapacity());
      }
    }
  }

  private void add(DeviceId id, Map<String, Quantity> consumed) {
    Map<String, BigDecimal> all = shares.computeIfAbsent(id, _ -> new HashMap<>());
    consumed.forEach(
        (name, amount) -> all.merge(name, Quantity.getAmountInBytes(amount), BigDecimal::add));
  }

  /// Whether nobody else can have a device.
  boolean isWhole(DeviceId id) {
    return whole.contains(id);
  }

  boolean isShared(DeviceId id) {
    return shares.containsKey(id);
  }

  /// How much of a capacity of a device is taken.
  BigDecimal of(DeviceId id, String capacity) {
    return shares.getOrDefault(id, Map.of()).getOrDefault(capacity, BigDecimal.ZERO);
  }
}
