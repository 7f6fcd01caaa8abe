// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.node.claim.ClaimException;
import dev.havn.node.claim.ResourceClaims;
import dev.havn.node.device.Allocation;
import dev.havn.node.device.DeviceAllocator;
import dev.havn.node.device.PluginException;
import dev.havn.node.pod.PodStatusOf.Ending;
import dev.havn.node.runtime.ContainerRuntime;
import dev.havn.node.runtime.ContainerRuntime.Additions;
import dev.havn.node.runtime.ContainerRuntime.Device;
import dev.havn.node.runtime.ContainerRuntime.DeviceNode;
import dev.havn.node.runtime.ContainerRuntime.Feature;
import dev.havn.node.runtime.ContainerRuntime.Mount;
import dev.havn.node.runtime.ContainerRuntime.StartException;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// What the pods of a node have of its devices: of plugins, and by ResourceClaims. Threads: any,
/// one at a time for each pod.
public final class PodDevices {
  private static final Logger LOG = LoggerFactory.getLogger(PodDevices.class);

  private final @Nullable Sources sources;

  /// Where devices come from.
  private record Sources(DeviceAllocator allocator, ResourceClaims claims) {}

  private PodDevices(@Nullable Sources sources) {
    this.sources = sources;
  }

  public static PodDevices of(DeviceAllocator allocator, ResourceClaims claims) {
    return new PodDevices(new Sources(allocator, claims));
  }

  /// Of a node without devices, which takes all pods.
  public static PodDevices none() {
    return new PodDevices(null);
  }

  /// What a container gets.
  record Given(
      Map<String, String> environment,
      List<Mount> mounts,
      List<Device> devices,
      Additions additions) {
    static final Given NOTHING = new Given(Map.of(), List.of(), List.of(), Additions.NONE);
  }

  /// Gives a pod its devices when the node takes it, or says why not.
  Optional<Ending> refusal(Pod pod, BoundPods pods, ContainerRuntime runtime) {
    if (sources == null) {
      return Optional.empty();
    }
    String uid = pod.getMetadata().getUid();
    return sources
        .allocator()
        .admit(pod, () -> active(pods, runtime), name -> runs(runtime, uid, name))
        .map(each -> new Ending(each.reason(), each.message()));
  }

  /// Whether plugins say how much there is of a resource, or did.
  boolean counts(String resource) {
    return sources != null && sources.allocator().counts(resource);
  }

  /// Those that are not over, or not quite.
  private static Optional<Set<String>> active(BoundPods pods, ContainerRuntime runtime) {
    if (!pods.hasSynced()) {
      return Optional.empty();
    }
    Set<String> active = new HashSet<>();
    for (Pod each : pods.list()) {
      String uid = each.getMetadata().getUid();
      boolean isOver =
          each.getStatus() != null
              && PodStatusOf.isOver(String.valueOf(each.getStatus().getPhase()));
      if (!isOver || runs(runtime, uid)) {
        active.add(uid);
      }
    }
    return Optional.of(active);
  }

  private static boolean runs(ContainerRuntime runtime, String uid) {
    return runtime.containers(uid).stream().anyMatch(ContainerRuntime.Container::running);
  }

  private static boolean runs(ContainerRuntime runtime, String uid, String name) {
    return runtime.containers(uid).stream()
        .anyMatch(each -> each.name().equals(name) && each.running());
  }

  /// Whether a pod has all that it needs of its claims.
  boolean areReady(Pod pod) {
    return sources == null || sources.claims().areReady(pod);
  }

  /// Has the devices of its claims made ready for a pod.
  ///
  /// @throws StartException in the kubelet's words
  void prepare(Pod pod, ContainerRuntime runtime) {
    if (sources == null) {
      return;
    }
    try {
      sources.claims().prepare(pod, () -> runs(runtime, pod.getMetadata().getUid()));
    } catch (ClaimException e) {
      throw new StartException(
          "FailedPrepareDynamicResources",
          "Failed to prepare dynamic resources: prepare dynamic resources: " + e.text(),
          e);
    }
  }

  /// Undoes that, once no container runs any more.
  ///
  /// @return whether that is done; else it is to be asked for again
  boolean release(Pod pod) {
    if (sources == null) {
      return true;
    }
    try {
      sources.claims().unprepare(pod.getMetadata().getUid());
      return true;
    } catch (ClaimException e) {
      LOG.warn(
          "pod {}/{} does not end yet: unprepare dynamic resources: {}",
          pod.getMetadata().getNamespace(),
          pod.getMetadata().getName(),
          e.text());
      return false;
    }
  }

  /// What a container gets that is about to start.
  ///
  /// @throws StartException in the kubelet's words
  Given give(Pod pod, Container container, Set<Feature> features) {
    if (sources == null) {
      return Given.NOTHING;
    }
    try {
      Allocation given = sources.allocator().give(pod, container);
      Set<String> cdiDevices = new LinkedHashSet<>(sources.claims().cdiDevices(pod, container));
      cdiDevices.addAll(given.cdiDevices());
      require(features, Feature.DEVICES, given.devices().isEmpty());
      require(features, Feature.CDI, cdiDevices.isEmpty());
      return new Given(
          given.environment(),
          given.mounts().stream().map(PodDevices::mount).toList(),
          given.devices().stream()
              .map(
                  each ->
                      new Device(
                          Path.of(each.hostPath()),
                          each.containerPath(),
                          each.permissions(),
                          DeviceNode.AS_SOURCE))
              .toList(),
          new Additions(List.copyOf(cdiDevices), given.annotations(), List.of()));
    } catch (PluginException | ClaimException e) {
      throw new StartException("CreateContainerConfigError", String.valueOf(e.getMessage()), e);
    }
  }

  /// Runtimes make a folder of a path that is not there, and plugins count on it.
  private static Mount mount(Allocation.Mounted mounted) {
    Path source = Path.of(mounted.hostPath());
    try {
      if (!Files.exists(source)) {
        Files.createDirectories(source);
      }
    } catch (IOException e) {
      throw new StartException("CreateContainerError", "mount " + source + ": " + e, e);
    }
    return new Mount(source, mounted.containerPath(), mounted.readOnly());
  }

  private static void require(Set<Feature> features, Feature feature, boolean isUnneeded) {
    if (!isUnneeded && !features.contains(feature)) {
      throw new StartException(
          "CreateContainerConfigError",
          "this runtime gives no devices (%s) to containers".formatted(feature),
          null);
    }
  }

  /// Adds to a pod's status how the devices of its containers are (KEP-4680).
  void show(Pod pod, ObjectNode status) {
    if (sources == null) {
      return;
    }
    for (JsonNode each : status.path("containerStatuses")) {
      for (Container container : pod.getSpec().getContainers()) {
        if (container.getName().equals(each.path("name").asText())) {
          show(pod, container, (ObjectNode) each, sources);
        }
      }
    }
  }

  private static void show(Pod pod, Container container, ObjectNode status, Sources sources) {
    Map<String, List<Shown>> devices = new TreeMap<>();
    sources
        .allocator()
        .health(pod.getMetadata().getUid(), container.getName())
        .forEach(
            (resource, all) ->
                all.forEach(
                    (id, isHealthy) ->
                        add(
                            devices,
                            resource,
                            new Shown(id, isHealthy ? "Healthy" : "Unhealthy", ""))));
    for (ResourceClaims.Used each : sources.claims().used(pod, container)) {
      add(devices, each.claim(), new Shown(each.id(), each.health(), each.message()));
    }
    if (devices.isEmpty()) {
      return;
    }
    ArrayNode all = status.putArray("allocatedResourcesStatus");
    devices.forEach(
        (name, shown) -> {
          ArrayNode resources = all.addObject().put("name", name).putArray("resources");
          shown.stream()
              .sorted(Comparator.comparing(Shown::id))
              .forEach(
                  each -> {
                    ObjectNode resource = resources.addObject().put("resourceID", each.id());
                    resource.put("health", each.health());
                    if (!each.message().isEmpty()) {
                      resource.put("message", each.message());
                    }
                  });
        });
  }

  private record Shown(String id, String health, String message) {}

  private static void add(Map<String, List<Shown>> devices, String name, Shown device) {
    devices.computeIfAbsent(name, _ -> new ArrayList<>()).add(device);
  }

  /// The uids of the pods that have any.
  Set<String> uids() {
    Set<String> uids = new HashSet<>();
    if (sources != null) {
      uids.addAll(sources.allocator().pods());
      uids.addAll(sources.claims().pods());
    }
    return uids;
  }

  /// Takes back what a pod has that is no more.
  ///
  /// @throws IllegalStateException when a driver does not undo what it did; to be tried again
  void forget(String uid) {
    if (sources != null) {
      sources.allocator().forget(uid);
      try {
        sources.claims().unprepare(uid);
      } catch (ClaimException e) {
        throw new IllegalStateException("unprepare dynamic resources: " + e.text(), e);
      }
    }
  }
}
