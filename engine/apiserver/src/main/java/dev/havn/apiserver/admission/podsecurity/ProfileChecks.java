// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.admission.podsecurity;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;

/// What a pod says for all its containers and each may say anew: users and the profiles of
/// AppArmor, seccomp, SELinux and Windows.
final class ProfileChecks {
  private static final String APP_ARMOR = "container.apparmor.security.beta.kubernetes.io/";
  private static final String SECCOMP_POD = "seccomp.security.alpha.kubernetes.io/pod";
  private static final String SECCOMP = "container.seccomp.security.alpha.kubernetes.io/";
  private static final Set<String> PROFILES = Set.of("RuntimeDefault", "Localhost");
  private static final Set<String> SE_LINUX =
      Set.of("", "container_t", "container_init_t", "container_kvm_t");

  private ProfileChecks() {}

  /// Who sets an option to what it may not be: the pod, its containers, or both.
  private static List<String> setters(JsonNode spec, Predicate<JsonNode> isBad) {
    List<String> setters = new ArrayList<>();
    if (isBad.test(spec.path("securityContext"))) {
      setters.add("pod");
    }
    List<String> containers = Containers.named(spec, isBad);
    if (!containers.isEmpty()) {
      setters.add(Violation.named("container", containers));
    }
    return setters;
  }

  private static Optional<Violation> set(List<String> setters, String reason, String mustNot) {
    return setters.isEmpty()
        ? Optional.empty()
        : Optional.of(new Violation(reason, String.join(" and ", setters) + mustNot));
  }

  /// Whether the profile of a security context is of another type than is allowed; collects which.
  private static boolean isForbidden(JsonNode profile, Set<String> types) {
    if (!profile.isObject() || PROFILES.contains(profile.path("type").asText(""))) {
      return false;
    }
    types.add(profile.path("type").asText(""));
    return true;
  }

  static Optional<Violation> appArmor(JsonNode metadata, JsonNode spec) {
    Set<String> types = new TreeSet<>();
    List<String> setters = setters(spec, each -> isForbidden(each.path("appArmorProfile"), types));
    Set<String> annotations = new TreeSet<>();
    for (Map.Entry<String, JsonNode> each : metadata.path("annotations").properties()) {
      String value = each.getValue().asText();
      boolean allowed =
          value.isEmpty() || value.equals("runtime/default") || value.startsWith("localhost/");
      if (each.getKey().startsWith(APP_ARMOR) && !allowed) {
        annotations.add(each.getKey() + "=\"" + value + "\"");
      }
    }
    List<String> values = new ArrayList<>(types);
    values.addAll(annotations);
    if (!annotations.isEmpty()) {
      setters.add(Violation.plural("annotation", annotations.size()));
    }
    return set(
        setters,
        Violation.plural("forbidden AppArmor profile", values.size()),
        " must not set AppArmor profile type to " + Violation.quoted(values));
  }

  static Optional<Violation> seLinux(JsonNode metadata, JsonNode spec) {
    return seLinux(spec, SE_LINUX);
  }

  static Optional<Violation> seLinuxWithEngine(JsonNode metadata, JsonNode spec) {
    Set<String> allowed = new TreeSet<>(SE_LINUX);
    allowed.add("container_engine_t");
    return seLinux(spec, allowed);
  }

  private static Optional<Violation> seLinux(JsonNode spec, Set<String> allowed) {
    Set<String> types = new TreeSet<>();
    Set<String> others = new TreeSet<>();
    List<String> setters =
        setters(
            spec,
            each -> {
              JsonNode options = each.path("seLinuxOptions");
              boolean bad = false;
              String type = options.path("type").asText("");
              if (!allowed.contains(type)) {
                types.add(type);
                bad = true;
              }
              for (String field : List.of("user", "role")) {
                if (!options.path(field).asText("").isEmpty()) {
                  others.add(field);
                  bad = true;
                }
              }
              return bad;
            });
    List<String> what = new ArrayList<>();
    if (!types.isEmpty()) {
      what.add(Violation.named("type", types));
    }
    for (String field : List.of("user", "role")) {
      if (others.contains(field)) {
        what.add(field + " may not be set");
      }
    }
    return set(
        setters,
        "seLinuxOptions",
        " set forbidden securityContext.seLinuxOptions: " + String.join("; ", what));
  }

  /// Before 1.19 profiles of seccomp were annotations.
  static Optional<Violation> seccompAnnotations(JsonNode metadata, JsonNode spec) {
    Set<String> keys = new TreeSet<>(Set.of(SECCOMP_POD));
    Containers.of(spec).forEach(each -> keys.add(SECCOMP + Containers.name(each)));
    Set<String> forbidden = new TreeSet<>();
    for (String key : keys) {
      JsonNode value = metadata.path("annotations").path(key);
      String text = value.asText("");
      boolean allowed =
          Set.of("runtime/default", "docker/default").contains(text)
              || text.startsWith("localhost/");
      if (!value.isMissingNode() && !allowed) {
        forbidden.add(key + "=\"" + text + "\"");
      }
    }
    return forbidden.isEmpty()
        ? Optional.empty()
        : Optional.of(
            new Violation(
                "seccompProfile",
                "forbidden %s %s"
                    .formatted(
                        Violation.plural("annotation", forbidden.size()),
                        String.join(", ", forbidden))));
  }

  static Optional<Violation> seccompBaseline(JsonNode metadata, JsonNode spec) {
    Set<String> types = new TreeSet<>();
    List<String> setters = setters(spec, each -> isForbidden(each.path("seccompProfile"), types));
    return set(
        setters,
        "seccompProfile",
        " must not set securityContext.seccompProfile.type to " + Violation.quoted(types));
  }

  static Optional<Violation> seccompRestricted(JsonNode metadata, JsonNode spec) {
    return seccompBaseline(metadata, spec)
        .or(
            () ->
                unset(
                    spec,
                    "seccompProfile",
                    PROFILES.contains(spec.at("/securityContext/seccompProfile/type").asText("")),
                    "seccompProfile",
                    "seccompProfile.type to \"RuntimeDefault\" or \"Localhost\""));
  }

  static Optional<Violation> nonRoot(JsonNode metadata, JsonNode spec) {
    String reason = "runAsNonRoot != true";
    List<String> setters = setters(spec, each -> !each.path("runAsNonRoot").asBoolean(true));
    return set(setters, reason, " must not set securityContext.runAsNonRoot=false")
        .or(
            () ->
                unset(
                    spec,
                    "runAsNonRoot",
                    spec.at("/securityContext/runAsNonRoot").asBoolean(),
                    reason,
                    "runAsNonRoot=true"));
  }

  /// Containers that leave open what the pod does not say for them either.
  private static Optional<Violation> unset(
      JsonNode spec, String field, boolean byPod, String reason, String must) {
    List<String> open = Containers.named(spec, each -> !byPod && !each.hasNonNull(field));
    return open.isEmpty()
        ? Optional.empty()
        : Optional.of(
            new Violation(
                reason,
                "pod or %s must set securityContext.%s"
                    .formatted(Violation.named("container", open), must)));
  }

  static Optional<Violation> user(JsonNode metadata, JsonNode spec) {
    List<String> setters = setters(spec, each -> each.path("runAsUser").asLong(-1) == 0);
    return set(setters, "runAsUser=0", " must not set runAsUser=0");
  }

  static Optional<Violation> hostProcess(JsonNode metadata, JsonNode spec) {
    List<String> setters =
        setters(spec, each -> each.path("windowsOptions").path("hostProcess").asBoolean());
    return set(
        setters, "hostProcess", " must not set securityContext.windowsOptions.hostProcess=true");
  }
}
