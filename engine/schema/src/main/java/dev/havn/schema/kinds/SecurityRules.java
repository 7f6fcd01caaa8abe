// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.schema.validate.FieldError;
import java.util.List;

/// Rules of security contexts.
final class SecurityRules {
  private static final String OWN_USERS = "when `hostUsers` is false";
  private static final int PROFILE_BYTES_MAX = 4_095;

  private SecurityRules() {}

  static void ofPod(At spec) {
    At context = spec.at("securityContext");
    for (String field : List.of("fsGroup", "runAsUser", "runAsGroup")) {
      id(context.at(field));
    }
    context.at("supplementalGroups").items().forEach(SecurityRules::id);
    if (spec.at("shareProcessNamespace").flag() && spec.at("hostPID").flag()) {
      spec.at("shareProcessNamespace")
          .named(context.path() + ".shareProcessNamespace")
          .invalid("ShareProcessNamespace and HostPID cannot both be enabled");
    }
    procMounts(spec);
    SysctlRules.check(spec.value(), context.path() + ".sysctls", context.errors());
    context.at("fsGroupChangePolicy").mayBeOneOf("Always", "OnRootMismatch");
    seccomp(context.at("seccompProfile"));
    WindowsRules.options(context.at("windowsOptions"));
    appArmor(context.at("appArmorProfile"));
    context.at("supplementalGroupsPolicy").mayBeOneOf("Merge", "Strict");
    // `MountOption` needs the feature SELinuxMount, which is off.
    context.at("seLinuxChangePolicy").mayBeOneOf("Recursive");
  }

  /// The whole of `/proc` is for pods with users of their own.
  private static void procMounts(At spec) {
    if (spec.at("hostUsers").isThere() && !spec.at("hostUsers").flag()) {
      return;
    }
    for (String list : List.of("initContainers", "containers", "ephemeralContainers")) {
      for (At container : spec.at(list).items()) {
        At mount = container.at("securityContext").at("procMount");
        if (mount.is("Unmasked")) {
          mount.invalid("`hostUsers` must be false to use `Unmasked`");
        }
      }
    }
  }

  private static void id(At id) {
    if (id.isThere() && (id.number() < 0 || id.number() > Integer.MAX_VALUE)) {
      id.between(0, Integer.MAX_VALUE);
    }
  }

  static void ofContainer(At context) {
    id(context.at("runAsUser"));
    id(context.at("runAsGroup"));
    At mount = context.at("procMount");
    mount.mayBeOneOf("Default", "Unmasked");
    seccomp(context.at("seccompProfile"));
    At escalation = context.at("allowPrivilegeEscalation");
    if (escalation.isThere() && !escalation.flag()) {
      if (context.at("privileged").flag()) {
        context.invalid("cannot set `allowPrivilegeEscalation` to false and `privileged` to true");
      }
      for (At each : context.at("capabilities").at("add").items()) {
        if (each.is("CAP_SYS_ADMIN")) {
          context.invalid(
              "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN");
        }
      }
    }
    WindowsRules.options(context.at("windowsOptions"));
    appArmor(context.at("appArmorProfile"));
  }

  /// What a pod with users of its own (KEP-127) cannot share with its host.
  static void ownUsers(At spec) {
    if (!spec.at("hostUsers").isThere() || spec.at("hostUsers").flag()) {
      return;
    }
    if (spec.at("hostNetwork").flag()) {
      spec.at("hostNetwork").forbidden(OWN_USERS);
    }
    for (String field : List.of("hostPID", "hostIPC")) {
      if (spec.at(field).flag()) {
        spec.named(spec.path() + "." + field.replace('h', 'H')).forbidden(OWN_USERS);
      }
    }
    for (At container : WindowsRules.containers(spec)) {
      if (!container.at("volumeDevices").isEmpty()) {
        container.at("volumeDevices").forbidden(OWN_USERS);
      }
    }
  }

  private static void seccomp(At profile) {
    profile(
        profile,
        "must be set when seccomp type is Localhost",
        "can only be set when seccomp type is Localhost");
    if (profile.isThere() && profile.at("type").is("Localhost")) {
      At path = profile.at("localhostProfile");
      if (path.isThere()) {
        VolumeRules.descending(path);
      }
    }
  }

  private static void appArmor(At profile) {
    if (!profile.isThere()) {
      return;
    }
    At type = profile.at("type");
    At local = profile.at("localhostProfile");
    switch (type.text()) {
      case "Localhost" -> {
        if (!local.text().strip().equals(local.text())) {
          local.invalidText("must not be padded with whitespace");
        } else if (local.isEmpty()) {
          local.required("must be set when AppArmor type is Localhost");
        }
        local.maxBytes(PROFILE_BYTES_MAX);
      }
      case "RuntimeDefault", "Unconfined" -> {
        if (local.isThere()) {
          local.invalidText("can only be set when AppArmor type is Localhost");
        }
      }
      case "" -> type.required("type is required when appArmorProfile is set");
      default -> type.notSupported("Localhost", "RuntimeDefault", "Unconfined");
    }
  }

  private static void profile(At profile, String missing, String surplus) {
    if (!profile.isThere()) {
      return;
    }
    At type = profile.at("type");
    At local = profile.at("localhostProfile");
    if (type.is("Localhost") && !local.isThere()) {
      local.required(missing);
    } else if (!type.is("Localhost") && local.isThere()) {
      JsonNode shown = missing.contains("seccomp") ? profile.value() : local.value();
      local.errors().add(FieldError.invalid(local.path(), shown, surplus));
    }
    if (type.isEmpty()) {
      type.required(
          "type is required when "
              + (missing.contains("seccomp") ? "seccompProfile" : "appArmorProfile")
              + " is set");
    } else {
      type.oneOf("Localhost", "RuntimeDefault", "Unconfined");
    }
  }
}
