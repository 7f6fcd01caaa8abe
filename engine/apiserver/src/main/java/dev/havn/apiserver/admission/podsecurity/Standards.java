// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.admission.podsecurity;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// The controls of each standard and when they came to be what they are
/// (https://kubernetes.io/docs/concepts/security/pod-security-standards).
final class Standards {
  /// What 1.36 knows; later versions are taken for this one.
  private static final int MINOR_MAX = 36;

  /// A control from a version on, until the next one of the same name.
  ///
  /// @param id the name by which controls are in order, those of baseline first
  /// @param replaces a control of baseline that says less, or nothing when empty
  private record Dated(String id, int since, String replaces, Check check) {}

  private static final List<Dated> BASELINE =
      List.of(
          new Dated("appArmorProfile", 0, "", ProfileChecks::appArmor),
          new Dated("capabilities_baseline", 0, "", ContainerChecks::capabilities),
          new Dated("hostNamespaces", 0, "", HostChecks::namespaces),
          new Dated("hostPathVolumes", 0, "", HostChecks::paths),
          new Dated("hostPorts", 0, "", HostChecks::ports),
          new Dated("hostProbesAndHostLifecycle", 34, "", HostChecks::probes),
          new Dated("privileged", 0, "", ContainerChecks::privileged),
          new Dated("procMount", 0, "", ContainerChecks::procMount),
          new Dated("procMount", 35, "", unlessOwnUsers(ContainerChecks::procMount)),
          new Dated("seLinuxOptions", 0, "", ProfileChecks::seLinux),
          new Dated("seLinuxOptions", 31, "", ProfileChecks::seLinuxWithEngine),
          new Dated("seccompProfile_baseline", 0, "", ProfileChecks::seccompAnnotations),
          new Dated("seccompProfile_baseline", 19, "", ProfileChecks::seccompBaseline),
          new Dated("sysctls", 0, "", HostChecks.sysctls(0)),
          new Dated("sysctls", 27, "", HostChecks.sysctls(27)),
          new Dated("sysctls", 29, "", HostChecks.sysctls(29)),
          new Dated("sysctls", 32, "", HostChecks.sysctls(32)),
          new Dated("windowsHostProcess", 0, "", ProfileChecks::hostProcess));

  private static final String CAPABILITIES = "capabilities_baseline";
  private static final String SECCOMP = "seccompProfile_baseline";

  private static final List<Dated> RESTRICTED =
      List.of(
          new Dated("allowPrivilegeEscalation", 8, "", ContainerChecks::escalation),
          new Dated("allowPrivilegeEscalation", 25, "", onLinux(ContainerChecks::escalation)),
          new Dated(
              "capabilities_restricted", 22, CAPABILITIES, ContainerChecks::droppedCapabilities),
          new Dated(
              "capabilities_restricted",
              25,
              CAPABILITIES,
              onLinux(ContainerChecks::droppedCapabilities)),
          new Dated("procMount_restricted", 35, "procMount", ContainerChecks::procMount),
          new Dated("restrictedVolumes", 0, "hostPathVolumes", HostChecks::volumes),
          new Dated("runAsNonRoot", 0, "", ProfileChecks::nonRoot),
          new Dated("runAsNonRoot", 35, "", unlessOwnUsers(ProfileChecks::nonRoot)),
          new Dated("runAsUser", 23, "", ProfileChecks::user),
          new Dated("runAsUser", 35, "", unlessOwnUsers(ProfileChecks::user)),
          new Dated("seccompProfile_restricted", 19, SECCOMP, ProfileChecks::seccompRestricted),
          new Dated(
              "seccompProfile_restricted", 25, SECCOMP, onLinux(ProfileChecks::seccompRestricted)));

  private final Map<Level.Versioned, List<Check>> checks = new HashMap<>();

  Standards() {
    for (int minor = 0; minor <= MINOR_MAX; minor++) {
      Map<String, Dated> strict = at(RESTRICTED, minor);
      List<String> replaced = strict.values().stream().map(Dated::replaces).toList();
      List<Check> baseline = new ArrayList<>();
      List<Check> restricted = new ArrayList<>();
      at(BASELINE, minor)
          .forEach(
              (id, dated) -> {
                baseline.add(dated.check);
                if (!replaced.contains(id)) {
                  restricted.add(dated.check);
                }
              });
      strict.values().forEach(dated -> restricted.add(dated.check));
      checks.put(new Level.Versioned(Level.BASELINE, minor), baseline);
      checks.put(new Level.Versioned(Level.RESTRICTED, minor), restricted);
    }
  }

  /// By name, in the order of names, those in force.
  private static Map<String, Dated> at(List<Dated> all, int minor) {
    Map<String, Dated> inForce = new TreeMap<>();
    for (Dated each : all) {
      if (each.since <= minor) {
        inForce.put(each.id, each);
      }
    }
    return inForce;
  }

  /// What of a pod a standard forbids; nothing when it meets it.
  List<Violation> violations(Level.Versioned standard, JsonNode metadata, JsonNode spec) {
    if (standard.level() == Level.PRIVILEGED) {
      return List.of();
    }
    @Nullable List<Check> wanted = checks.get(standard.at(Math.min(standard.minor(), MINOR_MAX)));
    List<Violation> violations = new ArrayList<>();
    if (wanted != null) {
      wanted.forEach(check -> check.of(metadata, spec).ifPresent(violations::add));
    }
    return violations;
  }

  /// Pods of Windows cannot set what the check asks for.
  private static Check onLinux(Check check) {
    return (metadata, spec) ->
        spec.path("os").path("name").asText("").equals("windows")
            ? Optional.empty()
            : check.of(metadata, spec);
  }

  /// Root in a user namespace of the pod's own is not root outside (KEP-127).
  private static Check unlessOwnUsers(Check check) {
    return (metadata, spec) ->
        spec.path("hostUsers").asBoolean(true) ? check.of(metadata, spec) : Optional.empty();
  }
}
