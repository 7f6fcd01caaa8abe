// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import dev.havn.node.kernel.Cgroups;
import dev.havn.node.protocol.cri.Cri;
import dev.havn.node.runtime.ContainerRuntime.Access;
import dev.havn.node.runtime.ContainerRuntime.ContainerSpec;
import dev.havn.node.runtime.ContainerRuntime.Device;
import dev.havn.node.runtime.ContainerRuntime.Mount;
import dev.havn.node.runtime.ContainerRuntime.PodPlace;
import dev.havn.node.runtime.ContainerRuntime.Resources;
import dev.havn.node.runtime.ContainerRuntime.Security;
import dev.havn.node.runtime.ContainerRuntime.StartException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Pods and containers as a CRI runtime is told of them. Pure.
///
/// @param node by which its pods are told from those of others
/// @param cgroup below which pods have groups of their own, empty where the runtime names them
record CriConfigs(String node, String cgroup) {
  /// A label of all that a node has.
  static final String NODE = "dev.havn.node";

  /// Labels by which tools such as crictl know pods.
  static final String POD_UID = "io.kubernetes.pod.uid";

  private static final String POD_NAME = "io.kubernetes.pod.name";
  private static final String POD_NAMESPACE = "io.kubernetes.pod.namespace";
  private static final String CONTAINER_NAME = "io.kubernetes.container.name";

  /// An annotation with the name by which the container's image was asked for.
  static final String IMAGE = "dev.havn.image";

  /// The group of a pod.
  Optional<String> cgroup(String podUid) {
    return cgroup.isEmpty() ? Optional.empty() : Optional.of(cgroup + "/" + podUid);
  }

  /// What a container needs to know of its image.
  ///
  /// @param user numeric, or a name, or empty for root
  record ImageFacts(String id, String user) {
    static ImageFacts of(Cri.Image image) {
      return new ImageFacts(
          image.getId(),
          image.hasUid() ? String.valueOf(image.getUid().getValue()) : image.getUsername());
    }
  }

  /// What makes a sandbox, by the handler that the pod names.
  Cri.RunPodSandboxRequest request(PodPlace place, int attempt, Path logs) {
    return Cri.RunPodSandboxRequest.newBuilder()
        .setConfig(sandbox(place, attempt, logs))
        .setRuntimeHandler(place.handler().get())
        .build();
  }

  /// @param attempt how many sandboxes the pod has had
  /// @param logs the folder below which logs lie
  Cri.PodSandboxConfig sandbox(PodPlace place, int attempt, Path logs) {
    Cri.LinuxPodSandboxConfig.Builder linux =
        Cri.LinuxPodSandboxConfig.newBuilder()
            .putAllSysctls(place.sysctls())
            .setSecurityContext(
                Cri.LinuxSandboxSecurityContext.newBuilder()
                    .setPrivileged(place.privileged())
                    .setNamespaceOptions(namespaces(place, ""))
                    .setSeccomp(seccomp(Seccomp.RUNTIME_DEFAULT)));
    if (!cgroup.isEmpty()) {
      linux.setCgroupParent("/" + cgroup + "/" + place.uid());
    }
    if (!place.bounds().equals(Resources.NONE)) {
      linux.setResources(resources(place.bounds()));
    }
    return Cri.PodSandboxConfig.newBuilder()
        .setMetadata(
            Cri.PodSandboxMetadata.newBuilder()
                .setName(place.name())
                .setNamespace(place.namespace())
                .setUid(place.uid())
                .setAttempt(attempt))
        .setHostname(place.sharing().hostNetwork() ? "" : place.hostName())
        .setLogDirectory(logs.toString())
        .putAllLabels(labels(place))
        .setLinux(linux)
        .build();
  }

  private Map<String, String> labels(PodPlace place) {
    return Map.of(
        NODE, node, POD_UID, place.uid(), POD_NAME, place.name(), POD_NAMESPACE, place.namespace());
  }

  private static Cri.NamespaceOption namespaces(PodPlace place, String processesOf) {
    var options = Cri.NamespaceOption.newBuilder();
    options.setNetwork(
        place.sharing().hostNetwork() ? Cri.NamespaceMode.NODE : Cri.NamespaceMode.POD);
    options.setIpc(place.sharing().hostIpc() ? Cri.NamespaceMode.NODE : Cri.NamespaceMode.POD);
    if (place.sharing().hostProcesses()) {
      options.setPid(Cri.NamespaceMode.NODE);
    } else if (!processesOf.isEmpty()) {
      options.setPid(Cri.NamespaceMode.TARGET).setTargetId(processesOf);
    } else {
      options.setPid(
          place.sharing().sharedProcesses() ? Cri.NamespaceMode.POD : Cri.NamespaceMode.CONTAINER);
    }
    return options.build();
  }

  /// @param mounts those of the container, each from where nobody can put another thing
  /// @param processesOf the id of the container whose processes it sees, or empty
  /// @param log below the folder of the sandbox's logs
  Cri.ContainerConfig container(
      PodPlace place,
      ContainerSpec spec,
      List<Mount> mounts,
      ImageFacts image,
      String processesOf,
      String log) {
    var config = Cri.ContainerConfig.newBuilder();
    config.setMetadata(
        Cri.ContainerMetadata.newBuilder().setName(spec.name()).setAttempt(spec.attempt()));
    config.setImage(
        Cri.ImageSpec.newBuilder().setImage(image.id()).setUserSpecifiedImage(spec.image()));
    config.addAllCommand(spec.command()).addAllArgs(spec.arguments());
    config.setWorkingDir(spec.workingDirectory());
    spec.environment()
        .forEach(
            (key, value) -> config.addEnvs(Cri.KeyValue.newBuilder().setKey(key).setValue(value)));
    mounts.forEach(each -> config.addMounts(mount(each)));
    spec.devices().forEach(each -> config.addDevices(device(each)));
    config.putAllLabels(labels(place)).putLabels(CONTAINER_NAME, spec.name());
    config.putAllAnnotations(spec.additions().annotations()).putAnnotations(IMAGE, spec.image());
    config.setLogPath(log);
    config.setTty(spec.terminal().tty());
    config.setStdin(spec.terminal().stdin()).setStdinOnce(spec.terminal().once());
    config.setLinux(
        Cri.LinuxContainerConfig.newBuilder()
            .setResources(resources(spec.resources()))
            .setSecurityContext(security(place, spec, image, processesOf)));
    return config.build();
  }

  private static Cri.Mount mount(Mount mount) {
    return Cri.Mount.newBuilder()
        .setContainerPath(mount.target())
        .setHostPath(mount.source().toString())
        .setReadonly(mount.readOnly())
        .setRecursiveReadOnly(mount.access() == Access.READ_ALL)
        .setPropagation(
            switch (mount.propagation()) {
              case "rslave" -> Cri.MountPropagation.PROPAGATION_HOST_TO_CONTAINER;
              case "rshared" -> Cri.MountPropagation.PROPAGATION_BIDIRECTIONAL;
              default -> Cri.MountPropagation.PROPAGATION_PRIVATE;
            })
        .build();
  }

  private static Cri.Device device(Device device) {
    return Cri.Device.newBuilder()
        .setHostPath(device.source().toString())
        .setContainerPath(device.target())
        .setPermissions(device.access())
        .build();
  }

  static Cri.LinuxContainerResources resources(Resources bounds) {
    var resources = Cri.LinuxContainerResources.newBuilder();
    resources.setCpuShares(bounds.cpuShares());
    resources.setOomScoreAdj(Bundle.outOfMemoryScore(bounds));
    resources.setCpuPeriod(RuncUpdate.CPU_PERIOD_MICROS);
    if (bounds.cpuQuotaMicros() > 0) {
      resources.setCpuQuota(Math.max(RuncUpdate.CPU_QUOTA_MICROS_MIN, bounds.cpuQuotaMicros()));
    }
    memory(bounds.memoryBytes(), Cgroups.abilities(), resources);
    return resources.build();
  }

  /// With nothing that is swapped.
  static void memory(
      long bytes, Cgroups.Abilities abilities, Cri.LinuxContainerResources.Builder resources) {
    if (bytes > 0) {
      resources.setMemoryLimitInBytes(bytes);
      if (abilities.unified()) {
        resources.putUnified("memory.oom.group", "1");
      } else if (abilities.swap()) {
        resources.setMemorySwapLimitInBytes(bytes);
      }
    }
    if (abilities.unified() && abilities.swap()) {
      resources.putUnified("memory.swap.max", "0");
    }
  }

  /// The bounds of a container that runs: where there is no quota an older one must go.
  static Cri.LinuxContainerResources update(Resources bounds) {
    var resources = resources(bounds).toBuilder();
    if (bounds.cpuQuotaMicros() == 0) {
      resources.setCpuQuota(-1);
    }
    return resources.build();
  }

  private static Cri.LinuxContainerSecurityContext security(
      PodPlace place, ContainerSpec spec, ImageFacts image, String processesOf) {
    Security wanted = spec.security();
    var security = Cri.LinuxContainerSecurityContext.newBuilder();
    security.setCapabilities(
        Cri.Capability.newBuilder()
            .addAllAddCapabilities(wanted.addCapabilities())
            .addAllDropCapabilities(wanted.dropCapabilities()));
    security.setPrivileged(wanted.privileged());
    security.setNamespaceOptions(namespaces(place, processesOf));
    user(spec, image, security);
    security.setReadonlyRootfs(wanted.readOnlyRoot());
    security.addAllSupplementalGroups(wanted.supplementalGroups());
    security.setSupplementalGroupsPolicy(
        wanted.imageGroups()
            ? Cri.SupplementalGroupsPolicy.Merge
            : Cri.SupplementalGroupsPolicy.Strict);
    security.setNoNewPrivs(!wanted.allowEscalation());
    security.setSeccomp(seccomp(wanted.privileged() ? Seccomp.UNCONFINED : wanted.seccomp()));
    if (!wanted.privileged() && wanted.maskProc()) {
      security.addAllMaskedPaths(Bundle.MASKED);
      security.addAllMaskedPaths(Bundle.throttles(Bundle.PROCESSORS));
      security.addAllReadonlyPaths(Bundle.READ_ONLY);
    }
    return security.build();
  }

  /// The user is named also where it is the image's: else no group may be.
  private static void user(
      ContainerSpec spec, ImageFacts image, Cri.LinuxContainerSecurityContext.Builder security) {
    Security wanted = spec.security();
    String user = wanted.user().isEmpty() ? image.user() : wanted.user();
    if (wanted.mustNotBeRoot()) {
      requireOther(spec.name(), user);
    }
    if (user.matches("[0-9]{1,10}")) {
      security.setRunAsUser(number(Long.parseLong(user)));
    } else {
      security.setRunAsUsername(user.isEmpty() ? "0" : user);
    }
    if (wanted.group() != null) {
      security.setRunAsGroup(number(wanted.group()));
    }
  }

  /// @throws StartException in the kubelet's words
  private static void requireOther(String container, String user) {
    if (user.isEmpty() || user.equals("0")) {
      throw new StartException(
          "CreateContainerConfigError",
          "container has runAsNonRoot and image will run as root (container: " + container + ")",
          null);
    }
    if (!user.matches("[0-9]+")) {
      throw new StartException(
          "CreateContainerConfigError",
          "container has runAsNonRoot and image has non-numeric user (%s), cannot verify user is non-root (container: %s)"
              .formatted(user, container),
          null);
    }
  }

  private static Cri.Int64Value number(long value) {
    return Cri.Int64Value.newBuilder().setValue(value).build();
  }

  /// @param profile `RuntimeDefault`, `Unconfined`, or a path
  private static Cri.SecurityProfile seccomp(String profile) {
    var security = Cri.SecurityProfile.newBuilder();
    return switch (profile) {
      case Seccomp.RUNTIME_DEFAULT ->
          security.setProfileType(Cri.SecurityProfile.ProfileType.RuntimeDefault).build();
      case Seccomp.UNCONFINED ->
          security.setProfileType(Cri.SecurityProfile.ProfileType.Unconfined).build();
      default ->
          security
              .setProfileType(Cri.SecurityProfile.ProfileType.Localhost)
              .setLocalhostRef(profile)
              .build();
    };
  }
}
