// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.admission.podsecurity;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/// What single containers may have: privileges, capabilities, their view of `/proc`.
final class ContainerChecks {
  private static final String CONTAINER = "container";

  /// What container runtimes give by default, without `NET_RAW`.
  private static final Set<String> USUAL =
      Set.of(
          "AUDIT_WRITE",
          "CHOWN",
          "DAC_OVERRIDE",
          "FOWNER",
          "FSETID",
          "KILL",
          "MKNOD",
          "NET_BIND_SERVICE",
          "SETFCAP",
          "SETGID",
          "SETPCAP",
          "SETUID",
          "SYS_CHROOT");

  private ContainerChecks() {}

  static Optional<Violation> privileged(JsonNode metadata, JsonNode spec) {
    List<String> bad = Containers.named(spec, each -> each.path("privileged").asBoolean());
    return found(bad, "privileged", " must not set securityContext.privileged=true");
  }

  static Optional<Violation> escalation(JsonNode metadata, JsonNode spec) {
    List<String> bad =
        Containers.named(spec, each -> each.path("allowPrivilegeEscalation").asBoolean(true));
    return found(
        bad,
        "allowPrivilegeEscalation != false",
        " must set securityContext.allowPrivilegeEscalation=false");
  }

  private static Optional<Violation> found(List<String> bad, String reason, String must) {
    return bad.isEmpty()
        ? Optional.empty()
        : Optional.of(new Violation(reason, Violation.named(CONTAINER, bad) + must));
  }

  static Optional<Violation> procMount(JsonNode metadata, JsonNode spec) {
    Set<String> values = new TreeSet<>();
    List<String> bad =
        Containers.named(
            spec,
            each -> {
              String value = each.path("procMount").asText("Default");
              return !value.equals("Default") && (values.add(value) || values.contains(value));
            });
    return found(
        bad, "procMount", " must not set securityContext.procMount to " + Violation.quoted(values));
  }

  static Optional<Violation> capabilities(JsonNode metadata, JsonNode spec) {
    Set<String> added = new TreeSet<>();
    List<String> bad = Containers.named(spec, each -> adds(each, USUAL, added));
    return found(bad, "non-default capabilities", notIncluded(added));
  }

  private static String notIncluded(Set<String> added) {
    return " must not include " + Violation.quoted(added) + " in securityContext.capabilities.add";
  }

  /// Whether a container adds more than `allowed`; collects what.
  private static boolean adds(JsonNode context, Set<String> allowed, Set<String> added) {
    boolean more = false;
    for (JsonNode each : context.path("capabilities").path("add")) {
      if (!allowed.contains(each.asText())) {
        added.add(each.asText());
        more = true;
      }
    }
    return more;
  }

  static Optional<Violation> droppedCapabilities(JsonNode metadata, JsonNode spec) {
    List<String> details = new ArrayList<>();
    List<String> kept = Containers.named(spec, each -> !dropsAll(each));
    if (!kept.isEmpty()) {
      details.add(
          Violation.named(CONTAINER, kept)
              + " must set securityContext.capabilities.drop=[\"ALL\"]");
    }
    Set<String> added = new TreeSet<>();
    List<String> adding =
        Containers.named(spec, each -> adds(each, Set.of("NET_BIND_SERVICE"), added));
    if (!adding.isEmpty()) {
      details.add(Violation.named(CONTAINER, adding) + notIncluded(added));
    }
    return details.isEmpty()
        ? Optional.empty()
        : Optional.of(new Violation("unrestricted capabilities", String.join("; ", details)));
  }

  private static boolean dropsAll(JsonNode context) {
    for (JsonNode each : context.path("capabilities").path("drop")) {
      if (each.asText().equals("ALL")) {
        return true;
      }
    }
    return false;
  }
}
