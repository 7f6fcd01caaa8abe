// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import dev.havn.node.cni.Sandbox;
import dev.havn.node.csi.CsiApi;
import dev.havn.node.csi.CsiVolumes;
import dev.havn.node.csi.PodTokens;
import dev.havn.node.csi.VolumeFigures;
import dev.havn.node.plugin.PluginHandler;
import dev.havn.node.runtime.Addresses;
import dev.havn.node.runtime.ContainerRuntime;
import dev.havn.node.runtime.ContainerRuntime.Access;
import dev.havn.node.runtime.ContainerRuntime.ContainerSpec;
import dev.havn.node.runtime.ContainerRuntime.Device;
import dev.havn.node.runtime.ContainerRuntime.Feature;
import dev.havn.node.runtime.ContainerRuntime.Mount;
import dev.havn.node.runtime.ContainerRuntime.StartException;
import dev.havn.reconcile.Events;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.VolumeDevice;
import io.fabric8.kubernetes.api.model.VolumeMount;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Container specs of the API as those of the runtime: environment, mounts, security, resources.
final class Containers {
  private final ContainerRuntime runtime;
  private final CsiVolumes drivers;
  private final Volumes volumes;
  private final PodFiles files;
  private final TerminationMessages messages;
  private final Securities securities;
  private final Environment environment;
  private final PodDevices devices;
  private final Addresses addresses;
  private final Events events;

  Containers(PodReconciler.Settings settings) {
    Path podsFolder = settings.folder();
    PodApi api = PodApi.of(settings.api());
    this.runtime = settings.runtime();
    ServiceAccountTokens tokens = new ServiceAccountTokens(api, settings.clock());
    this.events = settings.events();
    this.drivers = drivers(settings, tokens);
    this.addresses = settings.addresses();
    this.volumes =
        new Volumes(podsFolder, api, tokens, settings.images(), settings.kubelet(), drivers);
    this.files = new PodFiles(podsFolder, settings.dnsAddress(), runtime.sockets().areMachines());
    this.messages = new TerminationMessages(podsFolder);
    this.securities = new Securities(podsFolder.resolveSibling("seccomp"));
    this.devices = settings.devices();
    this.environment =
        new Environment(api, addresses, () -> Machine.allocatable(podsFolder), volumes::path);
  }

  private static CsiVolumes drivers(PodReconciler.Settings settings, PodTokens tokens) {
    Events events = settings.events();
    return new CsiVolumes(
        new CsiVolumes.Settings(
            settings.node(),
            settings.kubelet(),
            CsiApi.of(settings.api()),
            (about, type, reason, message) -> events.record(about, "", type, reason, message),
            settings.sockets(),
            tokens,
            CsiVolumes.TIMEOUT,
            settings.look(),
            settings.clock(),
            settings.executor()));
  }

  /// By which drivers of volumes are registered.
  PluginHandler drivers() {
    return drivers.handler();
  }

  /// How full the volumes of a pod are that drivers brought.
  List<VolumeFigures> figures(String uid) {
    return drivers.figures(uid);
  }

  /// Where a volume lies whose use is measured on the machine.
  Optional<Path> measured(String uid, String volume) {
    return volumes.measured(uid, volume);
  }

  /// Makes the pod's volumes, or brings them up to date.
  void prepare(Pod pod) {
    if (runtime.needsImages()) {
      volumes.prepare(pod);
    }
  }

  /// Writes what depends on the pod's address.
  void place(Pod pod, String address) {
    if (runtime.needsImages()) {
      try {
        files.write(
            pod,
            addresses.all(address),
            problem -> events.warning(pod, "DNSConfigForming", problem));
      } catch (IOException e) {
        throw new StartException("FailedCreatePodSandBox", "the pod's files: " + e, e);
      }
    }
  }

  /// What the pod's `resolv.conf` says.
  Sandbox.Dns dns(Pod pod) {
    try {
      return files.dns(pod);
    } catch (IOException e) {
      throw new StartException("FailedCreatePodSandBox", "the pod's name servers: " + e, e);
    }
  }

  String lastMessage(Pod pod, Container container, ContainerRuntime.Container ended) {
    return runtime.needsImages() ? messages.of(pod, container, ended) : "";
  }

  /// Forgets what a container that is no more has said.
  void forget(Pod pod, ContainerRuntime.Container container) {
    if (runtime.needsImages()) {
      messages.forget(pod, container.name(), container.attempt());
    }
  }

  /// @param pod to look at when there is news, null when there is none
  /// @return whether all is gone; who hears false asks again
  boolean remove(String uid, @Nullable Pod pod) {
    return !runtime.needsImages() || volumes.remove(uid, pod);
  }

  /// Takes from a pod that has ended what others may be waiting for.
  ///
  /// @return whether that is done; who hears false asks again
  boolean release(Pod pod) {
    String uid = pod.getMetadata().getUid();
    return runtime.leave(uid) & (!runtime.needsImages() || volumes.release(uid, pod));
  }

  /// Removes what no pod has any more.
  void tidy() {
    if (runtime.needsImages()) {
      volumes.tidy();
    }
  }

  /// The pods that something is left of on the disk.
  Set<String> uids() {
    return runtime.needsImages() ? volumes.uids() : Set.of();
  }

  /// @throws StartException in the kubelet's words
  ContainerSpec spec(Pod pod, Container container, int attempt, String address) {
    if (runtime.needsImages()) {
      AppArmor.OF_MACHINE.check(container);
    }
    PodDevices.Given given = devices.give(pod, container, runtime.features());
    Words words = new Words(container.getName());
    words.putAll(given.environment());
    if (runtime.needsImages()) {
      environment.add(pod, container, address, words);
    }
    return new ContainerSpec(
        container.getName(),
        attempt,
        container.getImage(),
        words.expand(container.getCommand()),
        words.expand(container.getArgs()),
        words.variables(),
        container.getWorkingDir() == null ? "" : container.getWorkingDir(),
        runtime.needsImages() ? mounts(pod, container, attempt, words, given) : List.of(),
        runtime.needsImages() ? devices(pod, container, given) : List.of(),
        securities.of(pod, container),
        ContainerResources.of(pod, container, Machine.memoryBytes()),
        new ContainerRuntime.Terminal(
            Boolean.TRUE.equals(container.getTty()),
            Boolean.TRUE.equals(container.getStdin()),
            Boolean.TRUE.equals(container.getStdinOnce())),
        EphemeralContainers.target(container),
        given.additions());
  }

  private List<Mount> mounts(
      Pod pod, Container container, int attempt, Words words, PodDevices.Given given) {
    List<Mount> mounts = new ArrayList<>(files.mounts(pod, container));
    mounts.addAll(given.mounts());
    try {
      mounts.add(messages.mount(pod, container, attempt));
    } catch (IOException e) {
      throw new StartException(
          "CreateContainerConfigError",
          "termination message of " + container.getName() + ": " + e,
          e);
    }
    for (VolumeMount mount : container.getVolumeMounts()) {
      @Nullable String below = mount.getSubPath();
      if (mount.getSubPathExpr() != null && !mount.getSubPathExpr().isEmpty()) {
        below = words.expand(mount.getSubPathExpr());
      }
      mounts.add(
          new Mount(
              volumes.path(pod, mount.getName()),
              Volumes.checked(below == null ? "" : below),
              mount.getMountPath(),
              access(pod, mount),
              propagation(mount)));
    }
    return mounts;
  }

  /// @throws StartException where all that is mounted inside cannot be made read-only and must be
  private Access access(Pod pod, VolumeMount mount) {
    boolean readOnly =
        Boolean.TRUE.equals(mount.getReadOnly()) || volumes.isReadOnlyFor(pod, mount.getName());
    boolean able = runtime.features().contains(Feature.RECURSIVE_READ_ONLY);
    if ("Enabled".equals(mount.getRecursiveReadOnly()) && !able) {
      throw new StartException(
          "CreateContainerConfigError",
          "failed to resolve recursive read-only mode: volume \"%s\" requested recursive read-only mode, but it is not supported by the runtime"
              .formatted(mount.getName()),
          null);
    }
    return isRecursivelyReadOnly(mount, able)
        ? Access.READ_ALL
        : readOnly ? Access.READ : Access.WRITE;
  }

  static boolean isRecursivelyReadOnly(VolumeMount mount, boolean able) {
    @Nullable String wanted = mount.getRecursiveReadOnly();
    return able && ("Enabled".equals(wanted) || "IfPossible".equals(wanted));
  }

  private List<Device> devices(Pod pod, Container container, PodDevices.Given given) {
    List<Device> all = new ArrayList<>(given.devices());
    for (VolumeDevice each : container.getVolumeDevices()) {
      if (!runtime.features().contains(Feature.DEVICES)) {
        throw new StartException(
            "CreateContainerConfigError",
            "this runtime gives no block devices to containers",
            null);
      }
      all.add(new Device(volumes.device(pod, each.getName()), each.getDevicePath()));
    }
    return all;
  }

  private static String propagation(VolumeMount mount) {
    return switch (mount.getMountPropagation() == null ? "" : mount.getMountPropagation()) {
      case "HostToContainer" -> "rslave";
      case "Bidirectional" -> "rshared";
      default -> "rprivate";
    };
  }
}
