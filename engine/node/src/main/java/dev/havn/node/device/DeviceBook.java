// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.device;

import dev.havn.node.device.DeviceAssignments.Assignment;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/// What plugins offer and who has what of it, kept over restarts. Who asks a plugin first reserves
/// the devices in question here, so that nobody waits for another's plugin. Threads: any.
final class DeviceBook {
  private final OfferedResources offers = new OfferedResources();
  private final DeviceAssignments assignments = new DeviceAssignments();
  private final Map<String, Set<String>> reserved = new HashMap<>();
  private final CheckpointFile<Kept> file;

  /// What is known after a restart.
  ///
  /// @param offered resources that there were
  /// @param removed such that there were before
  record Kept(List<Assignment> assignments, Set<String> offered, Set<String> removed) {}

  /// @param required so many devices
  record Want(String pod, String container, String resource, int required) {}

  /// @param mustInclude devices that the container gets in any case
  /// @param available these, and such as nobody has
  record Free(Set<String> mustInclude, Set<String> available, int needed) {
    static final Free NOTHING = new Free(Set.of(), Set.of(), 0);
  }

  DeviceBook(CheckpointFile<Kept> file, InstantSource clock) {
    this.file = file;
    file.read()
        .ifPresent(
            kept -> {
              kept.assignments().forEach(assignments::add);
              offers.remember(kept.offered(), kept.removed(), clock.instant());
            });
  }

  OfferedResources offers() {
    return offers;
  }

  synchronized void save() {
    file.write(new Kept(assignments.all(), offers.offered(), offers.removed()));
  }

  /// Whether devices of a resource are given out by the node: it is offered, or somebody has some.
  synchronized boolean knows(String resource) {
    return offers.isOffered(resource) || assignments.uses(resource);
  }

  synchronized boolean has(Want want) {
    return !assignments.devices(want.pod(), want.container(), want.resource()).isEmpty();
  }

  /// What a container may get.
  ///
  /// @param reusable what init containers of its pod have that are done before it starts
  synchronized Free free(Want want, Set<String> reusable) throws UnavailableException {
    String resource = want.resource();
    Set<String> own = assignments.devices(want.pod(), want.container(), resource);
    if (!own.isEmpty() && own.size() != want.required()) {
      throw new UnavailableException(
          "pod \"%s\" container \"%s\" changed request for resource \"%s\" from %d to %d"
              .formatted(want.pod(), want.container(), resource, own.size(), want.required()));
    }
    if (!offers.isOffered(resource)) {
      throw new UnavailableException("cannot allocate unregistered device " + resource);
    }
    Set<String> healthy = offers.healthy(resource);
    if (healthy.isEmpty()) {
      throw new UnavailableException(
          "no healthy devices present; cannot allocate unhealthy devices " + resource);
    }
    if (!healthy.containsAll(own)) {
      throw new UnavailableException(
          "previously allocated devices are no longer healthy; cannot allocate unhealthy devices "
              + resource);
    }
    if (!own.isEmpty() || want.required() == 0) {
      return Free.NOTHING;
    }
    Set<String> taken = new LinkedHashSet<>();
    reusable.stream().limit(want.required()).forEach(taken::add);
    int needed = want.required() - taken.size();
    healthy.removeAll(assignments.inUse(resource));
    healthy.removeAll(reserved.getOrDefault(resource, Set.of()));
    if (healthy.size() < needed) {
      throw new UnavailableException(
          "requested number of devices unavailable for %s. Requested: %d, Available: %d"
              .formatted(resource, needed, healthy.size()));
    }
    healthy.addAll(taken);
    return new Free(taken, healthy, needed);
  }

  /// Chooses devices, which nobody else gets until [#assign] or [#release].
  ///
  /// @param preferred the first ones to take
  synchronized Set<String> reserve(Want want, Set<String> reusable, Collection<String> preferred)
      throws UnavailableException {
    Free free = free(want, reusable);
    Set<String> chosen = new LinkedHashSet<>(free.mustInclude());
    List<String> candidates = new ArrayList<>(preferred);
    candidates.retainAll(free.available());
    candidates.addAll(free.available());
    for (String each : candidates) {
      if (chosen.size() < free.mustInclude().size() + free.needed()) {
        chosen.add(each);
      }
    }
    reserved.computeIfAbsent(want.resource(), _ -> new TreeSet<>()).addAll(chosen);
    return chosen;
  }

  synchronized void assign(Want want, Set<String> chosen, Allocation given) {
    assignments.add(new Assignment(want.pod(), want.container(), want.resource(), chosen, given));
    release(want, chosen);
    save();
  }

  synchronized void release(Want want, Set<String> chosen) {
    reserved.computeIfAbsent(want.resource(), _ -> new TreeSet<>()).removeAll(chosen);
  }

  synchronized List<Assignment> of(String pod, String container) {
    return assignments.of(pod, container);
  }

  synchronized Map<String, Set<String>> byResource(String pod, String container) {
    return assignments.byResource(pod, container);
  }

  synchronized Set<String> users(String resource, Set<String> ids) {
    return assignments.users(resource, ids);
  }

  synchronized Set<String> pods() {
    return assignments.pods();
  }

  /// Takes their devices back from pods.
  synchronized void free(Collection<String> pods) {
    if (assignments.remove(pods)) {
      save();
    }
  }
}
