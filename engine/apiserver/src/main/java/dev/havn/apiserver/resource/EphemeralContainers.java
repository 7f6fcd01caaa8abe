// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.schema.validate.FieldError;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// What a container that joins a running pod must have, and what it cannot have: what the pod was
/// placed, counted and watched by.
final class EphemeralContainers {
  private static final List<String> NOT_THEIRS =
      List.of(
          "ports",
          "resources",
          "resizePolicy",
          "restartPolicy",
          "restartPolicyRules",
          "livenessProbe",
          "readinessProbe",
          "startupProbe",
          "lifecycle");

  private EphemeralContainers() {}

  static List<FieldError> check(JsonNode spec) {
    List<FieldError> errors = new ArrayList<>();
    Set<String> names = names(spec.path("containers"));
    Set<String> taken = new HashSet<>(names);
    taken.addAll(names(spec.path("initContainers")));
    int index = 0;
    for (JsonNode container : spec.path("ephemeralContainers")) {
      String at = "spec.ephemeralContainers[" + index++ + "]";
      String name = container.path("name").asText("");
      if (name.isEmpty()) {
        errors.add(FieldError.required(at + ".name", ""));
      } else if (!taken.add(name)) {
        errors.add(FieldError.duplicate(at + ".name", name));
      }
      if (container.path("image").asText("").isBlank()) {
        errors.add(FieldError.required(at + ".image", ""));
      }
      String target = container.path("targetContainerName").asText("");
      if (!target.isEmpty() && !names.contains(target)) {
        errors.add(FieldError.notFound(at + ".targetContainerName", target));
      }
      forbidden(container, at, errors);
    }
    return errors;
  }

  private static void forbidden(JsonNode container, String at, List<FieldError> errors) {
    for (String field : NOT_THEIRS) {
      if (!container.path(field).isEmpty() || container.path(field).isTextual()) {
        errors.add(
            FieldError.forbidden(at + "." + field, "cannot be set for an Ephemeral Container"));
      }
    }
    int index = 0;
    for (JsonNode mount : container.path("volumeMounts")) {
      for (String field : List.of("subPath", "subPathExpr")) {
        if (!mount.path(field).asText("").isEmpty()) {
          errors.add(
              FieldError.forbidden(
                  at + ".volumeMounts[" + index + "]." + field,
                  "cannot be set for an Ephemeral Container"));
        }
      }
      index++;
    }
  }

  private static Set<String> names(JsonNode containers) {
    Set<String> names = new HashSet<>();
    containers.forEach(each -> names.add(each.path("name").asText()));
    return names;
  }
}
