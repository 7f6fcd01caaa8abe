// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.admission.podsecurity;

import static java.util.stream.Collectors.joining;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/// What a pod may have of its host: namespaces, ports, paths, volumes, kernel parameters.
final class HostChecks {
  private static final Set<String> VOLUMES =
      Set.of(
          "configMap",
          "downwardAPI",
          "emptyDir",
          "projected",
          "secret",
          "csi",
          "persistentVolumeClaim",
          "ephemeral",
          "image");

  /// Kernel parameters that are safe, by the minor version since when.
  private static final Map<Integer, List<String>> SYSCTLS =
      new TreeMap<>(
          Map.of(
              0,
              List.of(
                  "kernel.shm_rmid_forced",
                  "net.ipv4.ip_local_port_range",
                  "net.ipv4.tcp_syncookies",
                  "net.ipv4.ping_group_range",
                  "net.ipv4.ip_unprivileged_port_start"),
              27,
              List.of("net.ipv4.ip_local_reserved_ports"),
              29,
              List.of(
                  "net.ipv4.tcp_keepalive_time",
                  "net.ipv4.tcp_fin_timeout",
                  "net.ipv4.tcp_keepalive_intvl",
                  "net.ipv4.tcp_keepalive_probes"),
              32,
              List.of("net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem")));

  private HostChecks() {}

  static Optional<Violation> namespaces(JsonNode metadata, JsonNode spec) {
    String shared =
        List.of("hostNetwork", "hostPID", "hostIPC").stream()
            .filter(field -> spec.path(field).asBoolean())
            .map(field -> field + "=true")
            .collect(joining(", "));
    return shared.isEmpty()
        ? Optional.empty()
        : Optional.of(new Violation("host namespaces", shared));
  }

  static Optional<Violation> paths(JsonNode metadata, JsonNode spec) {
    List<String> bad = new ArrayList<>();
    for (JsonNode volume : spec.path("volumes")) {
      if (volume.has("hostPath")) {
        bad.add(volume.path("name").asText());
      }
    }
    return bad.isEmpty()
        ? Optional.empty()
        : Optional.of(new Violation("hostPath volumes", Violation.named("volume", bad)));
  }

  static Optional<Violation> volumes(JsonNode metadata, JsonNode spec) {
    List<String> bad = new ArrayList<>();
    Set<String> sources = new TreeSet<>();
    for (JsonNode volume : spec.path("volumes")) {
      List<String> own = new ArrayList<>();
      volume.fieldNames().forEachRemaining(own::add);
      own.remove("name");
      if (own.stream().noneMatch(VOLUMES::contains)) {
        bad.add(volume.path("name").asText());
        sources.add(own.isEmpty() ? "unknown" : own.getFirst());
      }
    }
    return used(bad, "volume", "restricted volume types", "restricted volume type", sources);
  }

  /// `container "web" uses hostPort 80`; the values are quoted unless they are numbers.
  private static Optional<Violation> used(
      List<String> bad, String what, String reason, String kind, Set<String> values) {
    return bad.isEmpty()
        ? Optional.empty()
        : Optional.of(
            new Violation(
                reason,
                "%s %s %s %s"
                    .formatted(
                        Violation.named(what, bad),
                        bad.size() == 1 ? "uses" : "use",
                        Violation.plural(kind, values.size()),
                        kind.equals("hostPort")
                            ? String.join(", ", values)
                            : Violation.quoted(values))));
  }

  static Optional<Violation> ports(JsonNode metadata, JsonNode spec) {
    List<String> bad = new ArrayList<>();
    Set<String> ports = new TreeSet<>();
    for (JsonNode container : Containers.of(spec)) {
      boolean uses = false;
      for (JsonNode port : container.path("ports")) {
        int number = port.path("hostPort").asInt();
        if (number != 0) {
          uses = true;
          ports.add(String.valueOf(number));
        }
      }
      if (uses) {
        bad.add(Containers.name(container));
      }
    }
    return used(bad, "container", "hostPort", "hostPort", ports);
  }

  static Optional<Violation> probes(JsonNode metadata, JsonNode spec) {
    Set<String> bad = new TreeSet<>();
    Set<String> hosts = new TreeSet<>();
    for (JsonNode container : Containers.of(spec)) {
      List<String> own = new ArrayList<>();
      for (String probe : List.of("livenessProbe", "readinessProbe", "startupProbe")) {
        hosts(container.path(probe), own);
      }
      for (String hook : List.of("postStart", "preStop")) {
        hosts(container.path("lifecycle").path(hook), own);
      }
      if (!own.isEmpty()) {
        bad.add(Containers.name(container));
        hosts.addAll(own);
      }
    }
    String kind = "probe or lifecycle host";
    return used(new ArrayList<>(bad), "container", kind, kind, hosts);
  }

  private static void hosts(JsonNode handler, List<String> hosts) {
    for (String action : List.of("httpGet", "tcpSocket")) {
      String host = handler.path(action).path("host").asText("");
      if (!host.isEmpty()) {
        hosts.add(host);
      }
    }
  }

  /// @param minor the version whose safe kernel parameters are allowed
  static Check sysctls(int minor) {
    Set<String> safe = new TreeSet<>();
    SYSCTLS.forEach(
        (since, names) -> {
          if (since <= minor) {
            safe.addAll(names);
          }
        });
    return (metadata, spec) -> {
      List<String> bad = new ArrayList<>();
      for (JsonNode each : spec.path("securityContext").path("sysctls")) {
        String name = each.path("name").asText();
        if (!safe.contains(name)) {
          bad.add(name);
        }
      }
      return bad.isEmpty()
          ? Optional.empty()
          : Optional.of(new Violation("forbidden sysctls", String.join(", ", bad)));
    };
  }
}
