// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.device;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/// Which container has which devices, with what their plugin gave. Not for several threads at once.
final class DeviceAssignments {
  private final Map<String, List<Assignment>> byPod = new TreeMap<>();

  /// The devices of one resource that one container has.
  ///
  /// @param pod its uid
  record Assignment(
      String pod, String container, String resource, Set<String> devices, Allocation given) {}

  void add(Assignment assignment) {
    byPod.computeIfAbsent(assignment.pod(), _ -> new ArrayList<>()).add(assignment);
  }

  List<Assignment> all() {
    return byPod.values().stream().flatMap(List::stream).toList();
  }

  List<Assignment> of(String pod, String container) {
    return byPod.getOrDefault(pod, List.of()).stream()
        .filter(each -> each.container().equals(container))
        .toList();
  }

  /// Empty when the container has none.
  Set<String> devices(String pod, String container, String resource) {
    return of(pod, container).stream()
        .filter(each -> each.resource().equals(resource))
        .flatMap(each -> each.devices().stream())
        .collect(Collectors.toCollection(TreeSet::new));
  }

  boolean uses(String resource) {
    return all().stream().anyMatch(each -> each.resource().equals(resource));
  }

  Set<String> inUse(String resource) {
    Set<String> ids = new TreeSet<>();
    for (Assignment each : all()) {
      if (each.resource().equals(resource)) {
        ids.addAll(each.devices());
      }
    }
    return ids;
  }

  /// The pods that have one of these.
  Set<String> users(String resource, Set<String> ids) {
    Set<String> users = new TreeSet<>();
    for (Assignment each : all()) {
      if (each.resource().equals(resource) && each.devices().stream().anyMatch(ids::contains)) {
        users.add(each.pod());
      }
    }
    return users;
  }

  Set<String> pods() {
    return new LinkedHashSet<>(byPod.keySet());
  }

  /// @return whether there was anything
  boolean remove(Collection<String> pods) {
    return byPod.keySet().removeAll(pods);
  }

  /// What a container has, by resource.
  Map<String, Set<String>> byResource(String pod, String container) {
    Map<String, Set<String>> devices = new HashMap<>();
    for (Assignment each : of(pod, container)) {
      devices.computeIfAbsent(each.resource(), _ -> new TreeSet<>()).addAll(each.devices());
    }
    return devices;
  }
}
