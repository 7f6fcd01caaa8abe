// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.schema.validate.FieldError;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// What a container that joins a running pod must have (KEP-277), and what it cannot have: what the
/// pod was placed, counted and watched by.
public final class EphemeralRules {
  private static final String FORBIDDEN = "cannot be set for an Ephemeral Container";
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

  private EphemeralRules() {}

  /// What is wrong with those of a pod.
  public static List<FieldError> problems(JsonNode pod) {
    List<FieldError> errors = new ArrayList<>();
    At spec = At.root(pod, errors).at("spec");
    Set<String> volumes = names(spec.at("volumes"));
    check(spec, PodContext.of(spec, volumes, names(spec.at("resourceClaims"))));
    return errors;
  }

  static void check(At spec, PodContext pod) {
    Set<String> containers = names(spec.at("containers"));
    Set<String> taken = new HashSet<>(containers);
    taken.addAll(names(spec.at("initContainers")));
    for (At container : spec.at("ephemeralContainers").items()) {
      ContainerRules.common(container, pod);
      ContainerRules.ofRunning(container);
      At name = container.at("name");
      if (!taken.add(name.text())) {
        name.duplicate();
      }
      At target = container.at("targetContainerName");
      if (!target.isEmpty() && !containers.contains(target.text())) {
        target.errors().add(FieldError.notFound(target.path(), target.text()));
      }
      forbidden(container);
    }
  }

  private static void forbidden(At container) {
    for (String field : NOT_THEIRS) {
      At other = container.at(field);
      boolean held = field.endsWith("Probe") || field.equals("lifecycle");
      if (held && other.isThere()
          || other.isThere() && !(other.value().isContainerNode() && other.value().isEmpty())) {
        other.forbidden(FORBIDDEN);
      }
    }
    for (At mount : container.at("volumeMounts").items()) {
      for (String field : List.of("subPath", "subPathExpr")) {
        if (!mount.at(field).isEmpty()) {
          mount.at(field).forbidden(FORBIDDEN);
        }
      }
    }
  }

  private static Set<String> names(At list) {
    Set<String> names = new HashSet<>();
    list.items().forEach(each -> names.add(each.at("name").text()));
    return names;
  }
}
