// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.device;

import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.resource.v1.DeviceCapacity;
import java.math.BigDecimal;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// What is left of the capacities of devices while some are being chosen (KEP-5075). Shares are
/// given back in the opposite order.
final class CapacityLedger {
  private final Taken taken;
  private final Map<DeviceId, Deque<Map<String, Quantity>>> shares = new HashMap<>();

  CapacityLedger(Taken taken) {
    this.taken = taken;
  }

  /// What a request takes of a device, by capacity, in the order of their names; null when the
  /// device has not got so much, has no such capacity, or does not hand out such an amount.
  @Nullable Map<String, Quantity> share(Want want, Offer offer) {
    @Nullable Map<String, DeviceCapacity> all = offer.device().getCapacity();
    if (all == null) {
      return want.capacities().isEmpty() ? Map.of() : null;
    }
    if (!all.keySet().containsAll(want.capacities().keySet())) {
      return null;
    }
    Map<String, Quantity> consumed = new TreeMap<>();
    for (Map.Entry<String, DeviceCapacity> each : all.entrySet()) {
      DeviceCapacity capacity = each.getValue();
      Quantity part = CapacityPolicy.consumed(capacity, want.capacities().get(each.getKey()));
      BigDecimal together = used(offer.id(), each.getKey()).add(CapacityPolicy.amount(part));
      if (!CapacityPolicy.allows(capacity.getRequestPolicy(), part)
          || together.compareTo(CapacityPolicy.amount(capacity.getValue())) > 0) {
        return null;
      }
      consumed.put(each.getKey(), part);
    }
    return consumed;
  }

  private BigDecimal used(DeviceId id, String capacity) {
    BigDecimal used = taken.of(id, capacity);
    for (Map<String, Quantity> each : shares.getOrDefault(id, new ArrayDeque<>())) {
      @Nullable Quantity part = each.get(capacity);
      used = part == null ? used : used.add(CapacityPolicy.amount(part));
    }
    return used;
  }

  /// Whether somebody has a share of a device already.
  boolean isShared(DeviceId id) {
    return taken.isShared(id) || shares.containsKey(id);
  }

  void take(DeviceId id, Map<String, Quantity> share) {
    shares.computeIfAbsent(id, _ -> new ArrayDeque<>()).push(share);
  }

  void giveBack(DeviceId id) {
    shares.computeIfPresent(
        id,
        (_, all) -> {
          all.pop();
          return all.isEmpty() ? null : all;
        });
  }
}
