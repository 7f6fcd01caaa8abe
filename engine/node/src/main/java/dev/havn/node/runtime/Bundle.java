// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.node.image.ImageStore.Image;
import dev.havn.node.kernel.Cgroups;
import dev.havn.node.kernel.Cgroups.Abilities;
import dev.havn.node.runtime.ContainerRuntime.ContainerSpec;
import dev.havn.node.runtime.ContainerRuntime.Device;
import dev.havn.node.runtime.ContainerRuntime.Hook;
import dev.havn.node.runtime.ContainerRuntime.Mount;
import dev.havn.node.runtime.ContainerRuntime.StartException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/// The `config.json` of an OCI bundle, for a container of a pod.
final class Bundle {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static final String ALL = "CAP_ALL";

  private static final List<String> CAPABILITIES =
      List.of(
          "CAP_CHOWN",
          "CAP_DAC_OVERRIDE",
          "CAP_FSETID",
          "CAP_FOWNER",
          "CAP_MKNOD",
          "CAP_NET_RAW",
          "CAP_SETGID",
          "CAP_SETUID",
          "CAP_SETFCAP",
          "CAP_SETPCAP",
          "CAP_NET_BIND_SERVICE",
          "CAP_SYS_CHROOT",
          "CAP_KILL",
          "CAP_AUDIT_WRITE");

  static final List<String> MASKED =
      List.of(
          "/proc/acpi",
          "/proc/asound",
          "/proc/interrupts",
          "/proc/kcore",
          "/proc/keys",
          "/proc/latency_stats",
          "/proc/timer_list",
          "/proc/timer_stats",
          "/proc/sched_debug",
          "/proc/scsi",
          "/sys/devices/virtual/powercap",
          "/sys/firmware");

  /// The processors of the machine: the heat of each tells what others do on it.
  static final Path PROCESSORS = Path.of("/sys/devices/system/cpu");

  /// Of the machine.
  static final Path DEVICES = Path.of("/dev");

  static final List<String> READ_ONLY =
      List.of("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger");

  private final ContainerSpec spec;
  private final Image image;
  private final Place place;

  /// Where the container lives.
  ///
  /// @param namespaces paths by kind, empty for a new one; a kind that is missing is the host's
  /// @param firstUser the machine's id of the container's root: 0, or the first of the pod's own
  /// @param cgroup below the root of each controller
  /// @param processors a folder with one for each
  record Place(
      Path rootfs,
      String hostName,
      Map<String, String> namespaces,
      long firstUser,
      Map<String, String> sysctls,
      String cgroup,
      Abilities abilities,
      Path processors) {
    /// On this machine.
    Place(
        Path rootfs,
        String hostName,
        Map<String, String> namespaces,
        long firstUser,
        Map<String, String> sysctls,
        String cgroup) {
      this(
          rootfs,
          hostName,
          namespaces,
          firstUser,
          sysctls,
          cgroup,
          Cgroups.abilities(),
          PROCESSORS);
    }
  }

  Bundle(ContainerSpec spec, Image image, Place place) {
    this.spec = spec;
    this.image = image;
    this.place = place;
  }

  ObjectNode json() {
    ObjectNode config = JSON.createObjectNode().put("ociVersion", "1.0.2");
    process(config.putObject("process"));
    config
        .putObject("root")
        .put("path", place.rootfs().toString())
        .put("readonly", spec.security().readOnlyRoot());
    if (place.namespaces().containsKey("uts")) {
      config.put("hostname", place.hostName());
    }
    new BundleMounts(config.putArray("mounts"), spec).add();
    linux(config.putObject("linux"), config.path("process").path("user"));
    additions(config);
    return config;
  }

  private void additions(ObjectNode config) {
    if (!spec.additions().annotations().isEmpty()) {
      spec.additions().annotations().forEach(config.putObject("annotations")::put);
    }
    for (Hook each : spec.additions().hooks()) {
      ObjectNode hook =
          config.withObjectProperty("hooks").withArrayProperty(each.moment()).addObject();
      hook.put("path", each.path());
      each.arguments().forEach(hook.withArrayProperty("args")::add);
      each.environment().forEach(hook.withArrayProperty("env")::add);
      if (each.timeoutSeconds() > 0) {
        hook.put("timeout", each.timeoutSeconds());
      }
    }
  }

  /// The part that says what runs: `args`, `env`, `cwd`, `user`.
  ObjectNode process() {
    ObjectNode process = JSON.createObjectNode();
    process(process);
    return process;
  }

  private void process(ObjectNode process) {
    process.put("terminal", spec.terminal().tty());
    user(process.putObject("user"));
    List<String> command = new ArrayList<>();
    if (spec.command().isEmpty()) {
      image.config().path("Entrypoint").forEach(word -> command.add(word.asText()));
    }
    command.addAll(spec.command());
    if (spec.arguments().isEmpty() && spec.command().isEmpty()) {
      image.config().path("Cmd").forEach(word -> command.add(word.asText()));
    }
    command.addAll(spec.arguments());
    if (command.isEmpty()) {
      throw new StartException(
          "CreateContainerError", "no command specified for container " + spec.name(), null);
    }
    command.forEach(process.putArray("args")::add);
    environment().forEach((k, v) -> process.withArrayProperty("env").add(k + "=" + v));
    String folder =
        spec.workingDirectory().isEmpty()
            ? image.config().path("WorkingDir").asText("")
            : spec.workingDirectory();
    process.put("cwd", folder.isEmpty() ? "/" : folder);
    capabilities(process.putObject("capabilities"));
    process.put("noNewPrivileges", !spec.security().allowEscalation());
    process.put("oomScoreAdj", outOfMemoryScore(spec.resources()));
  }

  /// Nobody without this capability may be spared more than others.
  static int outOfMemoryScore(ContainerRuntime.Resources resources) {
    boolean mayBeSpared = Accounts.allCapabilities().contains("CAP_SYS_RESOURCE");
    int score = resources.outOfMemoryScore();
    return mayBeSpared ? score : Math.max(0, score);
  }

  private Map<String, String> environment() {
    Map<String, String> variables = new LinkedHashMap<>();
    variables.put("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    if (spec.terminal().tty()) {
      variables.put("TERM", "xterm");
    }
    for (JsonNode each : image.config().path("Env")) {
      int equals = each.asText().indexOf('=');
      if (equals > 0) {
        variables.put(each.asText().substring(0, equals), each.asText().substring(equals + 1));
      }
    }
    variables.put("HOSTNAME", place.hostName());
    variables.putAll(spec.environment());
    return variables;
  }

  private void user(ObjectNode user) {
    String wanted =
        spec.security().user().isEmpty()
            ? image.config().path("User").asText("")
            : spec.security().user();
    String[] parts = (wanted.isEmpty() ? "0" : wanted).split(":", 2);
    long[] ids = Accounts.user(image.rootfs(), parts[0]);
    long group =
        spec.security().group() != null
            ? spec.security().group()
            : parts.length > 1 ? Accounts.group(image.rootfs(), parts[1]) : ids[1];
    if (spec.security().mustNotBeRoot()) {
      refuseRoot(parts[0], ids[0]);
    }
    user.put("uid", ids[0]).put("gid", group);
    Set<Long> more = new LinkedHashSet<>(spec.security().supplementalGroups());
    if (spec.security().imageGroups()) {
      more.addAll(Accounts.groupsOf(image.rootfs(), ids[0]));
    }
    ArrayNode additional = user.putArray("additionalGids");
    additional.add(group);
    more.forEach(additional::add);
  }

  private void refuseRoot(String name, long id) {
    if (id == 0) {
      throw new StartException(
          "CreateContainerConfigError",
          "container has runAsNonRoot and image will run as root (container: " + spec.name() + ")",
          null);
    }
    if (!name.matches("[0-9]+")) {
      throw new StartException(
          "CreateContainerConfigError",
          "container has runAsNonRoot and image has non-numeric user (%s), cannot verify user is non-root (container: %s)"
              .formatted(name, spec.name()),
          null);
    }
  }

  /// As containerd has it: case does not matter, what is dropped by name is also of what `ALL`
  /// adds, and who is privileged has all of them.
  private Set<String> capabilities() {
    List<String> all = Accounts.allCapabilities();
    if (spec.security().privileged()) {
      return new LinkedHashSet<>(all);
    }
    List<String> added = capabilities(spec.security().addCapabilities());
    List<String> dropped = capabilities(spec.security().dropCapabilities());
    Set<String> set = new LinkedHashSet<>(CAPABILITIES);
    if (added.contains(ALL)) {
      set.addAll(all);
    }
    if (dropped.contains(ALL)) {
      set.clear();
    }
    set.addAll(added);
    dropped.forEach(set::remove);
    set.retainAll(all);
    return set;
  }

  private static List<String> capabilities(List<String> names) {
    return names.stream()
        .map(each -> each.toUpperCase(Locale.ROOT))
        .map(each -> each.startsWith("CAP_") ? each : "CAP_" + each)
        .toList();
  }

  private void capabilities(ObjectNode json) {
    Set<String> set = capabilities();
    for (String kind : List.of("bounding", "effective", "permitted")) {
      set.forEach(json.putArray(kind)::add);
    }
  }

  private void linux(ObjectNode linux, JsonNode user) {
    linux.put("cgroupsPath", place.cgroup());
    ArrayNode namespaces = linux.putArray("namespaces");
    namespaces.addObject().put("type", "mount");
    place
        .namespaces()
        .forEach(
            (kind, path) -> {
              ObjectNode namespace = namespaces.addObject().put("type", kind);
              if (!path.isEmpty()) {
                namespace.put("path", path);
              }
            });
    if (place.abilities().unified() && !spec.security().privileged()) {
      // Version 1 shows every hierarchy by its mount; version 2 is cut off by its own namespace.
      namespaces.addObject().put("type", "cgroup");
    }
    users(linux);
    if (!place.sysctls().isEmpty()) {
      ObjectNode sysctl = linux.putObject("sysctl");
      place.sysctls().forEach(sysctl::put);
    }
    Seccomp.profile(spec.security(), capabilities())
        .ifPresent(profile -> linux.set("seccomp", profile));
    propagation().ifPresent(kind -> linux.put("rootfsPropagation", kind));
    ObjectNode resources = linux.putObject("resources");
    devices(linux, resources.putArray("devices"), user);
    ObjectNode cpu = resources.putObject("cpu").put("shares", spec.resources().cpuShares());
    if (spec.resources().cpuQuotaMicros() > 0) {
      cpu.put(
          "quota", Math.max(RuncUpdate.CPU_QUOTA_MICROS_MIN, spec.resources().cpuQuotaMicros()));
      cpu.put("period", RuncUpdate.CPU_PERIOD_MICROS);
    }
    memory(resources, spec.resources().memoryBytes());
    if (!spec.security().privileged() && spec.security().maskProc()) {
      ArrayNode masked = linux.putArray("maskedPaths");
      MASKED.forEach(masked::add);
      throttles(place.processors()).forEach(masked::add);
      READ_ONLY.forEach(linux.putArray("readonlyPaths")::add);
    }
  }

  /// Nothing is swapped: version 1 can say so only of what is bounded.
  private void memory(ObjectNode resources, long bytes) {
    Abilities abilities = place.abilities();
    if (bytes > 0) {
      ObjectNode memory = resources.putObject("memory").put("limit", bytes);
      if (abilities.unified()) {
        // One process too many ends the whole container, as Kubernetes wants it.
        resources.withObjectProperty("unified").put("memory.oom.group", "1");
      } else if (abilities.swap()) {
        memory.put("swap", bytes);
      }
    }
    if (abilities.unified() && abilities.swap()) {
      resources.withObjectProperty("unified").put("memory.swap.max", "0");
    }
  }

  private void users(ObjectNode linux) {
    if (place.firstUser() > 0) {
      for (String kind : List.of("uidMappings", "gidMappings")) {
        ObjectNode mapping = linux.putArray(kind).addObject().put("containerID", 0);
        mapping.put("hostID", place.firstUser()).put("size", UserRanges.IDS);
      }
    }
  }

  /// What is mounted later crosses the root's border only where the root lets it.
  private Optional<String> propagation() {
    List<String> kinds = spec.mounts().stream().map(Mount::propagation).toList();
    return Stream.of("rshared", "rslave").filter(kinds::contains).findFirst();
  }

  /// Nobody but a privileged container, which has all that the machine has, may use a device, but
  /// for those it was given.
  private void devices(ObjectNode linux, ArrayNode rules, JsonNode user) {
    boolean all = spec.security().privileged();
    rules.addObject().put("allow", all).put("access", "rwm");
    Set<String> given = new HashSet<>();
    for (Device device : spec.devices()) {
      for (Devices.Node each :
          Devices.of(device, user.path("uid").asLong(), user.path("gid").asLong())) {
        node(linux, each);
        given.add(each.path());
        if (!each.type().equals("p")) {
          String type = each.type().equals("b") ? "b" : "c";
          ObjectNode rule = rules.addObject().put("allow", true).put("type", type);
          rule.put("major", each.major()).put("minor", each.minor());
          rule.put("access", device.access());
        }
      }
    }
    if (all) {
      Devices.below(DEVICES).stream()
          .filter(each -> !given.contains(each.path()))
          .forEach(each -> node(linux, each));
    }
  }

  private static void node(ObjectNode linux, Devices.Node node) {
    ObjectNode device = linux.withArrayProperty("devices").addObject();
    device.put("path", node.path()).put("type", node.type());
    device.put("major", node.major()).put("minor", node.minor());
    device.put("fileMode", node.mode()).put("uid", node.user()).put("gid", node.group());
  }

  static List<String> throttles(Path processors) {
    if (!Files.isDirectory(processors)) {
      return List.of();
    }
    try (Stream<Path> all = Files.list(processors)) {
      return all.map(each -> each.resolve("thermal_throttle"))
          .filter(Files::isDirectory)
          .map(Path::toString)
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new StartException("CreateContainerError", processors + ": " + e.getMessage(), e);
    }
  }

  void write(Path folder) throws IOException {
    Files.writeString(folder.resolve("config.json"), json().toPrettyString());
  }
}
