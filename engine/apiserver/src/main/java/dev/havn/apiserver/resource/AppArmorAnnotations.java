// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Optional;

/// AppArmor profiles that annotations name, as was done before there was a field: the field says
/// so, too.
final class AppArmorAnnotations {
  private static final String PREFIX = "container.apparmor.security.beta.kubernetes.io/";
  private static final String LOCAL = "localhost/";
  private static final String FIELD = "appArmorProfile";

  private AppArmorAnnotations() {}

  /// Copies them into a pod that is created. What a container says itself stays, and what its pod
  /// says need not be said again.
  static void copy(ObjectNode pod) {
    JsonNode spec = pod.path("spec");
    JsonNode annotations = pod.path("metadata").path("annotations");
    if (annotations.isEmpty() || spec.path("os").path("name").asText().equals("windows")) {
      return;
    }
    JsonNode whole = spec.path("securityContext").path(FIELD);
    for (String list : List.of("initContainers", "containers", "ephemeralContainers")) {
      for (JsonNode each : spec.path(list)) {
        JsonNode annotation = annotations.path(PREFIX + each.path("name").asText());
        boolean isSaid = each.path("securityContext").has(FIELD);
        if (annotation.isTextual() && !isSaid && each instanceof ObjectNode container) {
          profile(annotation.asText())
              .filter(profile -> !profile.equals(whole))
              .ifPresent(
                  profile -> container.withObjectProperty("securityContext").set(FIELD, profile));
        }
      }
    }
  }

  /// Empty for what is no profile; validation says so.
  private static Optional<ObjectNode> profile(String annotation) {
    ObjectNode profile = JsonNodeFactory.instance.objectNode();
    if (annotation.startsWith(LOCAL) && annotation.length() > LOCAL.length()) {
      profile.put("type", "Localhost");
      profile.put("localhostProfile", annotation.substring(LOCAL.length()));
      return Optional.of(profile);
    }
    return switch (annotation) {
      case "runtime/default" -> Optional.of(profile.put("type", "RuntimeDefault"));
      case "unconfined" -> Optional.of(profile.put("type", "Unconfined"));
      default -> Optional.empty();
    };
  }
}
