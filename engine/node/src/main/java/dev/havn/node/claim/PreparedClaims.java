// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.claim;

import dev.havn.node.device.CheckpointFile;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// The claims that drivers were asked to prepare, which pods use them and what came of it; kept
/// over restarts, so that none stays prepared that nobody uses. Threads: any.
final class PreparedClaims {
  private final CheckpointFile<Kept> file;
  private final Map<String, Entry> entries = new TreeMap<>();

  /// What a restart must not forget of a claim.
  ///
  /// @param pods the uids of those that use it
  /// @param drivers with the devices they prepared
  record Known(Driver.Claim claim, Set<String> pods, Map<String, List<PreparedDevice>> drivers) {}

  record Kept(List<Known> claims) {}

  private static final class Entry {
    private final Driver.Claim claim;
    private final Set<String> pods = new TreeSet<>();
    private final Map<String, List<PreparedDevice>> drivers = new LinkedHashMap<>();
    private boolean isPrepared;
    private boolean isLeaving;

    private Entry(Driver.Claim claim) {
      this.claim = claim;
    }
  }

  PreparedClaims(CheckpointFile<Kept> file) {
    this.file = file;
    file.read()
        .ifPresent(
            kept -> {
              for (Known each : kept.claims()) {
                Entry entry = new Entry(each.claim());
                entry.pods.addAll(each.pods());
                entry.drivers.putAll(each.drivers());
                entries.put(key(each.claim()), entry);
              }
            });
  }

  private static String key(Driver.Claim claim) {
    return key(claim.namespace(), claim.name());
  }

  private static String key(String namespace, String name) {
    return namespace + "/" + name;
  }

  /// A pod is about to use claims.
  ///
  /// @param claims with their drivers
  /// @return those that are to be prepared, by driver
  synchronized Map<String, List<Driver.Claim>> use(
      String pod, Map<Driver.Claim, Set<String>> claims) throws ClaimException {
    for (Driver.Claim each : claims.keySet()) {
      @Nullable Entry known = entries.get(key(each));
      if (known != null && !known.claim.uid().equals(each.uid())) {
        throw new ClaimException(
            "old ResourceClaim with same name %s and different UID %s still exists (previous pod force-deleted?!)"
                .formatted(each.name(), known.claim.uid()));
      }
      if (known != null && known.isLeaving) {
        throw new ClaimException(
            "ResourceClaim %s is being unprepared after another pod".formatted(each.name()));
      }
    }
    Map<String, List<Driver.Claim>> batches = new TreeMap<>();
    claims.forEach(
        (claim, drivers) -> {
          Entry entry = entries.computeIfAbsent(key(claim), _ -> new Entry(claim));
          entry.pods.add(pod);
          drivers.forEach(each -> entry.drivers.putIfAbsent(each, List.of()));
          if (!entry.isPrepared) {
            for (String each : entry.drivers.keySet()) {
              batches.computeIfAbsent(each, _ -> new ArrayList<>()).add(claim);
            }
          }
        });
    save();
    return batches;
  }

  synchronized void devices(Driver.Claim claim, String driver, List<PreparedDevice> devices) {
    @Nullable Entry entry = entries.get(key(claim));
    if (entry != null) {
      entry.drivers.put(driver, devices);
    }
  }

  /// All drivers have done what they were to.
  synchronized void prepared(Set<Driver.Claim> claims) {
    for (Driver.Claim each : claims) {
      @Nullable Entry entry = entries.get(key(each));
      if (entry != null) {
        entry.isPrepared = true;
      }
    }
    save();
  }

  /// A pod no longer uses its claims.
  ///
  /// @return those that nobody uses by now, by driver: they are to be unprepared, and are the pod's
  ///   until [#forget] or [#keep]
  synchronized Map<String, List<Driver.Claim>> leave(String pod) {
    Map<String, List<Driver.Claim>> batches = new TreeMap<>();
    for (Entry each : entries.values()) {
      if (!each.pods.contains(pod)) {
        continue;
      }
      if (each.pods.size() > 1) {
        each.pods.remove(pod);
      } else {
        each.isLeaving = true;
        for (String driver : each.drivers.keySet()) {
          batches.computeIfAbsent(driver, _ -> new ArrayList<>()).add(each.claim);
        }
      }
    }
    return batches;
  }

  /// All drivers have undone what they did for a pod.
  synchronized void forget(String pod) {
    entries.values().removeIf(each -> each.isLeaving && each.pods.contains(pod));
    save();
  }

  /// Some driver has not.
  synchronized void keep(String pod) {
    for (Entry each : entries.values()) {
      if (each.pods.contains(pod)) {
        each.isLeaving = false;
        each.isPrepared = false;
      }
    }
    save();
  }

  private void save() {
    List<Known> all = new ArrayList<>();
    for (Entry each : entries.values()) {
      all.add(new Known(each.claim, Set.copyOf(each.pods), new TreeMap<>(each.drivers)));
    }
    file.write(new Kept(all));
  }

  /// What drivers prepared of a claim; empty when they were not asked.
  synchronized Optional<Map<String, List<PreparedDevice>>> find(String namespace, String name) {
    return Optional.ofNullable(entries.get(key(namespace, name)))
        .map(entry -> new LinkedHashMap<>(entry.drivers));
  }

  /// The uids of the pods that use one of these devices.
  synchronized Set<String> users(String driver, Set<HealthReports.Device> devices) {
    Set<String> users = new TreeSet<>();
    for (Entry entry : entries.values()) {
      boolean has =
          entry.drivers.getOrDefault(driver, List.of()).stream()
              .anyMatch(
                  each -> devices.contains(new HealthReports.Device(each.pool(), each.device())));
      if (has) {
        users.addAll(entry.pods);
      }
    }
    return users;
  }

  synchronized boolean isUsedBy(String pod) {
    return entries.values().stream().anyMatch(each -> each.pods.contains(pod));
  }

  /// The uids of the pods that use any.
  synchronized Set<String> pods() {
    Set<String> pods = new TreeSet<>();
    entries.values().forEach(each -> pods.addAll(each.pods));
    return pods;
  }
}
