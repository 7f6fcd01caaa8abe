// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.claim;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The health of devices of ResourceClaims, as drivers told it last. Threads: any.
final class HealthReports {
  private final InstantSource clock;
  private final Map<String, Map<Device, Told>> drivers = new HashMap<>();

  record Device(String pool, String name) {}

  private record Told(Health health, Instant at) {}

  HealthReports(InstantSource clock) {
    this.clock = clock;
  }

  /// A driver tells of some of its devices.
  ///
  /// @return those of which it said something else before
  synchronized Set<Device> tell(String driver, List<Health> all) {
    Map<Device, Told> known = drivers.computeIfAbsent(driver, _ -> new HashMap<>());
    Instant now = clock.instant();
    Set<Device> changed = new HashSet<>();
    for (Health each : all) {
      Device device = new Device(each.pool(), each.device());
      @Nullable Told before = known.put(device, new Told(each, now));
      if (before == null || !before.health().equals(each)) {
        changed.add(device);
      }
    }
    return changed;
  }

  synchronized void forget(String driver) {
    drivers.remove(driver);
  }

  /// What nobody told, or not lately, nobody knows.
  synchronized Health of(String driver, String pool, String device) {
    @Nullable Told told = drivers.getOrDefault(driver, Map.of()).get(new Device(pool, device));
    boolean stands =
        told != null
            && Duration.between(told.at(), clock.instant()).compareTo(told.health().timeout()) <= 0;
    return told != null && stands
        ? told.health()
        : new Health(pool, device, Health.UNKNOWN, "", Duration.ZERO);
  }
}
