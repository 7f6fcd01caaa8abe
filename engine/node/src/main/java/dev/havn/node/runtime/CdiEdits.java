// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.node.runtime.ContainerRuntime.Access;
import dev.havn.node.runtime.ContainerRuntime.Additions;
import dev.havn.node.runtime.ContainerRuntime.ContainerSpec;
import dev.havn.node.runtime.ContainerRuntime.Device;
import dev.havn.node.runtime.ContainerRuntime.DeviceNode;
import dev.havn.node.runtime.ContainerRuntime.Hook;
import dev.havn.node.runtime.ContainerRuntime.Mount;
import dev.havn.node.runtime.ContainerRuntime.Security;
import dev.havn.node.runtime.ContainerRuntime.StartException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What devices of the Container Device Interface change in a container: `containerEdits` of their
/// specifications. What they say hides what was there under the same name or path.
final class CdiEdits {
  private static final Set<String> KNOWN =
      Set.of("env", "deviceNodes", "mounts", "hooks", "additionalGids");

  private static final Set<String> MOMENTS =
      Set.of(
          "prestart",
          "createRuntime",
          "createContainer",
          "startContainer",
          "poststart",
          "poststop");

  private static final Set<String> PROPAGATIONS = Set.of("rprivate", "rslave", "rshared");

  private final ContainerSpec spec;
  private final Map<String, String> environment;
  private final Map<String, Mount> mounts = new LinkedHashMap<>();
  private final Map<String, Device> devices = new LinkedHashMap<>();
  private final Set<Long> groups;
  private final List<Hook> hooks;

  private CdiEdits(ContainerSpec spec) {
    this.spec = spec;
    this.environment = new LinkedHashMap<>(spec.environment());
    spec.mounts().forEach(each -> mounts.put(each.target(), each));
    spec.devices().forEach(each -> devices.put(each.target(), each));
    this.groups = new LinkedHashSet<>(spec.security().supplementalGroups());
    this.hooks = new ArrayList<>(spec.additions().hooks());
  }

  /// The container with its devices.
  ///
  /// @throws StartException when one is not known, or wants what this runtime does not do
  static ContainerSpec apply(ContainerSpec spec, CdiSpecifications specifications) {
    List<String> names = spec.additions().cdiDevices();
    if (names.isEmpty()) {
      return spec;
    }
    CdiEdits edits = new CdiEdits(spec);
    specifications.edits(names).forEach(edits::add);
    return edits.spec();
  }

  private void add(JsonNode edits) {
    edits
        .fieldNames()
        .forEachRemaining(
            field -> {
              if (!KNOWN.contains(field)) {
                throw refused("containerEdits." + field + " is not supported");
              }
            });
    for (JsonNode each : edits.path("env")) {
      String[] parts = each.asText().split("=", 2);
      if (parts.length < 2) {
        throw refused("\"" + each.asText() + "\" is no variable: NAME=VALUE");
      }
      environment.put(parts[0], parts[1]);
    }
    edits.path("deviceNodes").forEach(this::device);
    edits.path("mounts").forEach(this::mount);
    edits.path("hooks").forEach(this::hook);
    edits.path("additionalGids").forEach(each -> groups.add(each.asLong()));
  }

  private static StartException refused(String message) {
    return new StartException(
        "CreateContainerError", "CDI device injection failed: " + message, null);
  }

  private static String text(JsonNode object, String field) {
    String text = object.path(field).asText("");
    if (text.isEmpty()) {
      throw refused("%s has no %s".formatted(object, field));
    }
    return text;
  }

  private void device(JsonNode node) {
    String target = text(node, "path");
    @Nullable Long major = number(node, "major");
    @Nullable Long mode = number(node, "fileMode");
    DeviceNode made =
        new DeviceNode(
            node.hasNonNull("type") ? node.path("type").asText() : null,
            major,
            major == null ? null : Long.valueOf(node.path("minor").asLong()),
            mode == null ? null : Integer.valueOf(mode.intValue()),
            number(node, "uid"),
            number(node, "gid"),
            true);
    devices.put(
        target,
        new Device(
            Path.of(node.path("hostPath").asText(target)),
            target,
            node.path("permissions").asText(Device.ALL),
            made));
  }

  private static @Nullable Long number(JsonNode object, String field) {
    return object.hasNonNull(field) ? Long.valueOf(object.path(field).asLong()) : null;
  }

  private void mount(JsonNode mount) {
    String type = mount.path("type").asText("");
    if (!type.isEmpty() && !type.equals("bind") && !type.equals("none")) {
      throw refused("a mount of type " + type + " is not supported, bind is");
    }
    Access access = Access.WRITE;
    String propagation = "rprivate";
    List<String> options = new ArrayList<>();
    for (JsonNode each : mount.path("options")) {
      String option = each.asText();
      switch (option) {
        case "bind", "rbind", "rw" -> {}
        case "ro" -> access = Access.READ;
        case "rro" -> access = Access.READ_ALL;
        case "private", "slave", "shared" -> propagation = "r" + option;
        default -> {
          if (PROPAGATIONS.contains(option)) {
            propagation = option;
          } else {
            options.add(option);
          }
        }
      }
    }
    String target = text(mount, "containerPath");
    mounts.remove(target);
    mounts.put(
        target,
        new Mount(Path.of(text(mount, "hostPath")), "", target, access, propagation, options));
  }

  private void hook(JsonNode hook) {
    String moment = text(hook, "hookName");
    if (!MOMENTS.contains(moment)) {
      throw refused("there is no moment " + moment + " for a hook");
    }
    hooks.add(
        new Hook(
            moment,
            text(hook, "path"),
            texts(hook.path("args")),
            texts(hook.path("env")),
            hook.path("timeout").asInt()));
  }

  private static List<String> texts(JsonNode list) {
    List<String> texts = new ArrayList<>();
    list.forEach(each -> texts.add(each.asText()));
    return texts;
  }

  private ContainerSpec spec() {
    Additions before = spec.additions();
    return spec.with(
        environment,
        List.copyOf(mounts.values()),
        List.copyOf(devices.values()),
        security(),
        new Additions(before.cdiDevices(), before.annotations(), hooks));
  }

  private Security security() {
    Security own = spec.security();
    groups.remove(0L);
    return new Security(
        own.user(),
        own.group(),
        List.copyOf(groups),
        own.imageGroups(),
        own.mustNotBeRoot(),
        own.privileged(),
        own.readOnlyRoot(),
        own.allowEscalation(),
        own.addCapabilities(),
        own.dropCapabilities(),
        own.seccomp(),
        own.maskProc());
  }
}
