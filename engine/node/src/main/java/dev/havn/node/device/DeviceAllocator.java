// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.device;

import dev.havn.node.device.DeviceAssignments.Assignment;
import dev.havn.node.device.DeviceBook.Free;
import dev.havn.node.device.DeviceBook.Want;
import dev.havn.node.device.OfferedResources.Connected;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Gives the containers of a pod their devices when the node takes the pod, as a kubelet does: each
/// asks its plugin once, init containers leave theirs to those that come after them, and what was
/// given once stays so until the pod is over. Threads: any, one at a time for each pod.
public final class DeviceAllocator {
  private final DeviceBook book;

  /// Uids of pods that have been looked at in this life of the node.
  private final Set<String> admitted = ConcurrentHashMap.newKeySet();

  /// Why a node does not take a pod.
  public record Refusal(String reason, String message) {}

  DeviceAllocator(DeviceBook book) {
    this.book = book;
  }

  /// Whether plugins offer a resource, or did.
  public boolean counts(String resource) {
    return book.knows(resource) || book.offers().isRemoved(resource);
  }

  private static Map<String, Quantity> limits(Container container) {
    return container.getResources() == null || container.getResources().getLimits() == null
        ? Map.of()
        : container.getResources().getLimits();
  }

  /// What a container asks for of what plugins offer.
  private List<Want> wants(Pod pod, Container container) {
    List<Want> wants = new ArrayList<>();
    limits(container)
        .forEach(
            (resource, quantity) -> {
              boolean isExtended = resource.indexOf('/') > 0;
              if (isExtended
                  && !isOfClaim(pod, container.getName(), resource)
                  && book.knows(resource)) {
                int required = Quantity.getAmountInBytes(quantity).intValue();
                wants.add(
                    new Want(pod.getMetadata().getUid(), container.getName(), resource, required));
              }
            });
    return wants;
  }

  /// Whether a ResourceClaim stands for the resource (KEP-5004).
  private static boolean isOfClaim(Pod pod, String container, String resource) {
    return pod.getStatus() != null
        && pod.getStatus().getExtendedResourceClaimStatus() != null
        && pod.getStatus().getExtendedResourceClaimStatus().getRequestMappings().stream()
            .anyMatch(
                each ->
                    container.equals(each.getContainerName())
                        && resource.equals(each.getResourceName()));
  }

  private static Stream<Container> containers(Pod pod) {
    return Stream.concat(
        pod.getSpec().getInitContainers().stream(), pod.getSpec().getContainers().stream());
  }

  /// Gives a pod its devices, or says why not, in the kubelet's words. Asks plugins, which may take
  /// a while.
  ///
  /// @param active the uids of pods that may have devices; empty as long as nobody can tell
  /// @param runs whether a container of the pod runs, by name: it has its devices
  public Optional<Refusal> admit(
      Pod pod, Supplier<Optional<Set<String>>> active, Predicate<String> runs) {
    String uid = pod.getMetadata().getUid();
    if (admitted.contains(uid)) {
      return Optional.empty();
    }
    Optional<Refusal> refusal = missing(pod);
    if (refusal.isEmpty() && containers(pod).anyMatch(each -> !wants(pod, each).isEmpty())) {
      active.get().ifPresent(this::freeOthers);
      refusal = allocate(pod, runs);
    }
    if (refusal.isEmpty()) {
      admitted.add(uid);
    } else {
      book.free(List.of(uid));
    }
    return refusal;
  }

  /// Of what a plugin offered that has not been there for long there is none. What no plugin ever
  /// offered is somebody else's to count.
  private Optional<Refusal> missing(Pod pod) {
    return containers(pod)
        .flatMap(
            each ->
                limits(each).entrySet().stream()
                    .filter(limit -> !isOfClaim(pod, each.getName(), limit.getKey()))
                    .filter(limit -> book.offers().isRemoved(limit.getKey())))
        .filter(limit -> !book.knows(limit.getKey()))
        .findFirst()
        .map(
            limit ->
                new Refusal(
                    "OutOf" + limit.getKey(),
                    "Node didn't have enough resource: %s, requested: %d, used: 0, capacity: 0"
                        .formatted(
                            limit.getKey(),
                            Quantity.getAmountInBytes(limit.getValue()).longValue())));
  }

  private void freeOthers(Set<String> active) {
    Set<String> over = new TreeSet<>(book.pods());
    over.removeAll(active);
    if (!over.isEmpty()) {
      book.free(over);
      admitted.removeAll(over);
    }
  }

  private Optional<Refusal> allocate(Pod pod, Predicate<String> runs) {
    Map<String, Set<String>> reusable = new HashMap<>();
    try {
      for (Container each : pod.getSpec().getInitContainers()) {
        allocate(pod, each, reusable, runs);
        boolean isSidecar = "Always".equals(each.getRestartPolicy());
        book.byResource(pod.getMetadata().getUid(), each.getName())
            .forEach(
                (resource, ids) -> {
                  Set<String> known = reusable.computeIfAbsent(resource, _ -> new TreeSet<>());
                  var unused = isSidecar ? known.removeAll(ids) : known.addAll(ids);
                });
      }
      for (Container each : pod.getSpec().getContainers()) {
        allocate(pod, each, reusable, runs);
        book.byResource(pod.getMetadata().getUid(), each.getName())
            .forEach(
                (resource, ids) ->
                    reusable.computeIfAbsent(resource, _ -> new TreeSet<>()).removeAll(ids));
      }
      return Optional.empty();
    } catch (UnavailableException | PluginException e) {
      return Optional.of(
          new Refusal(
              "UnexpectedAdmissionError",
              "Allocate failed due to %s, which is unexpected".formatted(e.getMessage())));
    }
  }

  private void allocate(
      Pod pod, Container container, Map<String, Set<String>> reusable, Predicate<String> runs)
      throws UnavailableException, PluginException {
    if (runs.test(container.getName())) {
      return;
    }
    for (Want want : wants(pod, container)) {
      allocate(want, reusable.getOrDefault(want.resource(), Set.of()));
    }
  }

  private void allocate(Want want, Set<String> reusable)
      throws UnavailableException, PluginException {
    Free free = book.free(want, reusable);
    if (free.mustInclude().isEmpty() && free.needed() == 0) {
      return;
    }
    Connected plugin =
        book.offers()
            .plugin(want.resource())
            .orElseThrow(
                () -> new UnavailableException("unknown Device Plugin " + want.resource()));
    List<String> preferred = preferred(want, free, plugin);
    Set<String> chosen = book.reserve(want, reusable, preferred);
    @Nullable Allocation given = null;
    try {
      given = plugin.plugin().allocate(List.copyOf(chosen));
    } finally {
      if (given == null) {
        book.release(want, chosen);
      }
    }
    book.assign(want, chosen, given);
  }

  private static List<String> preferred(Want want, Free free, Connected plugin)
      throws PluginException {
    if (!plugin.options().prefers() || free.needed() == 0) {
      return List.of();
    }
    try {
      return plugin
          .plugin()
          .prefer(List.copyOf(free.available()), List.copyOf(free.mustInclude()), want.required());
    } catch (PluginException e) {
      throw new PluginException(
          "device plugin GetPreferredAllocation rpc failed with err: " + e.text(), e);
    }
  }

  /// What a container gets that is about to start. Its plugins hear of it that want to.
  ///
  /// @throws PluginException in the kubelet's words, when the container must not start
  public Allocation give(Pod pod, Container container) throws PluginException {
    List<Want> wants = wants(pod, container);
    for (Want want : wants) {
      if (want.required() > 0) {
        if (!book.has(want)) {
          allocateLate(want);
        }
        preStart(want);
      }
    }
    return wants.isEmpty()
        ? Allocation.NONE
        : together(book.of(pod.getMetadata().getUid(), container.getName()));
  }

  /// A container that ran when the node began, though nobody knew its devices any more.
  private void allocateLate(Want want) throws PluginException {
    try {
      allocate(want, Set.of());
    } catch (UnavailableException e) {
      throw new PluginException(String.valueOf(e.getMessage()), e);
    }
  }

  private void preStart(Want want) throws PluginException {
    Optional<Connected> plugin = book.offers().plugin(want.resource());
    if (plugin.isPresent() && plugin.get().options().preStart()) {
      List<String> ids =
          List.copyOf(
              book.byResource(want.pod(), want.container())
                  .getOrDefault(want.resource(), Set.of()));
      try {
        plugin.get().plugin().preStart(ids);
      } catch (PluginException e) {
        throw new PluginException(
            "device plugin PreStartContainer rpc failed with err: " + e.text(), e);
      }
    }
  }

  /// Of what two plugins say of one name or path, the first counts.
  private static Allocation together(List<Assignment> assignments) {
    Map<String, String> environment = new LinkedHashMap<>();
    Map<String, Allocation.Mounted> mounts = new LinkedHashMap<>();
    Map<String, Allocation.Node> devices = new LinkedHashMap<>();
    Map<String, String> annotations = new LinkedHashMap<>();
    Set<String> names = new TreeSet<>();
    for (Assignment each : assignments) {
      Allocation given = each.given();
      given.environment().forEach(environment::putIfAbsent);
      given.mounts().forEach(mount -> mounts.putIfAbsent(mount.containerPath(), mount));
      given.devices().forEach(node -> devices.putIfAbsent(node.containerPath(), node));
      given.annotations().forEach(annotations::putIfAbsent);
      names.addAll(given.cdiDevices());
    }
    return new Allocation(
        environment,
        List.copyOf(mounts.values()),
        List.copyOf(devices.values()),
        annotations,
        List.copyOf(names));
  }

  /// The health of a container's devices, by resource and id.
  public Map<String, Map<String, Boolean>> health(String pod, String container) {
    Map<String, Map<String, Boolean>> health = new LinkedHashMap<>();
    for (Assignment each : book.of(pod, container)) {
      for (String id : each.devices()) {
        health
            .computeIfAbsent(each.resource(), _ -> new LinkedHashMap<>())
            .put(id, book.offers().isHealthy(each.resource(), id));
      }
    }
    return health;
  }

  /// The pods that have devices.
  public Collection<String> pods() {
    return book.pods();
  }

  /// Takes the devices of a pod back that is no more.
  public void forget(String uid) {
    admitted.remove(uid);
    book.free(List.of(uid));
  }
}
