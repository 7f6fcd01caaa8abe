// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.admission.podsecurity;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.schema.validate.FieldError;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// What a cluster asks of pods where their namespace says nothing, and what is left alone:
/// `PodSecurityConfiguration` of `pod-security.admission.config.k8s.io/v1`.
public final class PodSecurityConfiguration {
  public static final String API_VERSION = "pod-security.admission.config.k8s.io/v1";

  /// Privileged everywhere, nothing exempt: what Kubernetes does when nobody says otherwise.
  public static final PodSecurityConfiguration STANDARD =
      new PodSecurityConfiguration(
          Policy.of(Map.of(), privileged()).policy(), new Exemptions(Set.of(), Set.of(), Set.of()));

  private final Policy defaults;
  private final Exemptions exemptions;

  private PodSecurityConfiguration(Policy defaults, Exemptions exemptions) {
    this.defaults = defaults;
    this.exemptions = exemptions;
  }

  Policy defaults() {
    return defaults;
  }

  Exemptions exemptions() {
    return exemptions;
  }

  private static Policy privileged() {
    Level.Versioned all = new Level.Versioned(Level.PRIVILEGED, Level.Versioned.LATEST);
    return new Policy(all, all, all);
  }

  /// Reads a configuration: `defaults` with `enforce`, `enforce-version`, `audit`, ...;
  /// `exemptions` with `usernames`, `namespaces`, `runtimeClasses`.
  ///
  /// @throws IllegalArgumentException in words that name the field
  public static PodSecurityConfiguration of(JsonNode json) {
    String version = json.path("apiVersion").asText("");
    if (!version.equals(API_VERSION)
        || !json.path("kind").asText("").equals("PodSecurityConfiguration")) {
      throw new IllegalArgumentException(
          "expected kind PodSecurityConfiguration of "
              + API_VERSION
              + ", found kind \""
              + json.path("kind").asText("")
              + "\" of \""
              + version
              + "\"");
    }
    Map<String, String> labels = new HashMap<>();
    List<String> known =
        List.of("enforce", "enforce-version", "audit", "audit-version", "warn", "warn-version");
    for (Map.Entry<String, JsonNode> each : json.path("defaults").properties()) {
      if (!known.contains(each.getKey())) {
        throw new IllegalArgumentException("defaults." + each.getKey() + ": unknown field");
      }
      labels.put(Policy.PREFIX + each.getKey(), each.getValue().asText());
    }
    // Without a level of its own, the mode warn does not follow enforce here.
    labels.putIfAbsent(Policy.PREFIX + "warn", "privileged");
    Policy.Read read = Policy.of(labels, privileged());
    List<String> problems = new ArrayList<>();
    for (FieldError each : read.errors()) {
      problems.add("defaults." + each.field().replaceAll(".*/|]", "") + ": " + each.message());
    }
    if (!problems.isEmpty()) {
      throw new IllegalArgumentException(String.join(", ", problems));
    }
    JsonNode exempt = json.path("exemptions");
    return new PodSecurityConfiguration(
        read.policy(),
        new Exemptions(
            names(exempt.path("usernames")),
            names(exempt.path("namespaces")),
            names(exempt.path("runtimeClasses"))));
  }

  private static Set<String> names(JsonNode list) {
    Set<String> names = new LinkedHashSet<>();
    list.forEach(each -> names.add(each.asText()));
    return names;
  }
}
