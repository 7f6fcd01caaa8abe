// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.device;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// The extended resources that plugins offer, and have offered. Of a plugin that is gone all
/// devices count as unhealthy, until it is back or its grace is over; then the node has none of
/// them, and says so for good. What the plugin said last of a single device stands meanwhile.
/// Threads: any.
final class OfferedResources {
  /// As with a kubelet.
  static final Duration GRACE = Duration.ofMinutes(5);

  private final Map<String, Offer> offers = new HashMap<>();
  private final Set<String> removed = new TreeSet<>();

  private static final class Offer {
    private @Nullable DevicePlugin plugin;
    private DevicePlugin.Options options = DevicePlugin.Options.NONE;
    private @Nullable Instant stopped;

    /// Whether the plugin has shown its devices and is there still.
    private boolean isShown;

    private Map<String, OfferedDevice> devices = new LinkedHashMap<>();
  }

  /// @param capacity of all devices
  /// @param allocatable of healthy ones
  record Count(int capacity, int allocatable) {}

  /// A plugin and what it wants to be asked.
  record Connected(DevicePlugin plugin, DevicePlugin.Options options) {}

  /// Notes what was offered before a restart: there is none of it until its plugin comes.
  synchronized void remember(Collection<String> offered, Collection<String> gone, Instant now) {
    for (String each : offered) {
      Offer offer = new Offer();
      offer.stopped = now;
      offers.put(each, offer);
    }
    removed.addAll(gone);
  }

  /// A plugin has come. One that was there under the same name is no longer asked.
  ///
  /// @return that one, null for none
  synchronized @Nullable DevicePlugin connect(
      String resource, DevicePlugin plugin, DevicePlugin.Options options) {
    Offer offer = offers.computeIfAbsent(resource, _ -> new Offer());
    @Nullable DevicePlugin before = offer.plugin;
    offer.plugin = plugin;
    offer.options = options;
    offer.stopped = null;
    removed.remove(resource);
    return before;
  }

  /// A plugin shows its devices.
  ///
  /// @return those whose health is another than before, or that were not there
  synchronized Set<String> offer(
      String resource, DevicePlugin plugin, List<OfferedDevice> devices) {
    @Nullable Offer offer = offers.get(resource);
    if (offer == null || offer.plugin != plugin) {
      return Set.of();
    }
    Map<String, OfferedDevice> before = offer.devices;
    offer.devices = new LinkedHashMap<>();
    offer.isShown = true;
    Set<String> changed = new TreeSet<>();
    for (OfferedDevice each : devices) {
      offer.devices.put(each.id(), each);
      @Nullable OfferedDevice known = before.get(each.id());
      if (known == null || known.isHealthy() != each.isHealthy()) {
        changed.add(each.id());
      }
    }
    return changed;
  }

  /// A plugin is gone.
  ///
  /// @return whether anybody asks it still: another may have come under the same name
  synchronized boolean disconnect(String resource, DevicePlugin plugin, Instant now) {
    @Nullable Offer offer = offers.get(resource);
    if (offer == null || offer.plugin != plugin) {
      return false;
    }
    offer.plugin = null;
    offer.stopped = now;
    offer.isShown = false;
    return true;
  }

  /// What the node has of each resource, with zeros for those that are no more.
  synchronized Map<String, Count> counts(Instant now) {
    Map<String, Count> counts = new TreeMap<>();
    for (String each : List.copyOf(offers.keySet())) {
      Offer offer = offer(each);
      if (offer.stopped != null && Duration.between(offer.stopped, now).compareTo(GRACE) > 0) {
        offers.remove(each);
        removed.add(each);
      } else {
        counts.put(each, new Count(offer.devices.size(), healthy(each).size()));
      }
    }
    removed.forEach(each -> counts.put(each, new Count(0, 0)));
    return counts;
  }

  private Offer offer(String resource) {
    return offers.getOrDefault(resource, new Offer());
  }

  synchronized boolean isOffered(String resource) {
    return offers.containsKey(resource);
  }

  /// Whether its plugin has been gone for so long that the node no longer has any.
  synchronized boolean isRemoved(String resource) {
    return removed.contains(resource);
  }

  synchronized Set<String> offered() {
    return Set.copyOf(offers.keySet());
  }

  synchronized Set<String> removed() {
    return Set.copyOf(removed);
  }

  synchronized Set<String> healthy(String resource) {
    return healthyDevices(resource).stream()
        .map(OfferedDevice::id)
        .collect(Collectors.toCollection(TreeSet::new));
  }

  synchronized List<OfferedDevice> healthyDevices(String resource) {
    Offer offer = offer(resource);
    return offer.isShown
        ? offer.devices.values().stream().filter(OfferedDevice::isHealthy).toList()
        : List.of();
  }

  /// What is known of some devices, be they offered still or not.
  synchronized List<OfferedDevice> find(String resource, Set<String> ids) {
    Map<String, OfferedDevice> known = offer(resource).devices;
    return ids.stream().map(id -> known.getOrDefault(id, new OfferedDevice(id, true))).toList();
  }

  /// A device that is not known is not known to be unhealthy.
  synchronized boolean isHealthy(String resource, String id) {
    @Nullable OfferedDevice device = offer(resource).devices.get(id);
    return device == null || device.isHealthy();
  }

  synchronized Optional<Connected> plugin(String resource) {
    Offer offer = offer(resource);
    return offer.plugin == null
        ? Optional.empty()
        : Optional.of(new Connected(offer.plugin, offer.options));
  }

  synchronized List<DevicePlugin> plugins() {
    List<DevicePlugin> all = new ArrayList<>();
    for (Offer each : offers.values()) {
      if (each.plugin != null) {
        all.add(each.plugin);
      }
    }
    return all;
  }
}
