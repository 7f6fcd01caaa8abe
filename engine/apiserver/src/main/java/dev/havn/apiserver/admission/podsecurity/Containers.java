// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.admission.podsecurity;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/// Containers of all sorts in a pod's specification, in the order in which Kubernetes names them.
final class Containers {
  private static final List<String> LISTS =
      List.of("initContainers", "containers", "ephemeralContainers");

  private Containers() {}

  static List<JsonNode> of(JsonNode spec) {
    List<JsonNode> all = new ArrayList<>();
    LISTS.forEach(list -> spec.path(list).forEach(all::add));
    return all;
  }

  static String name(JsonNode container) {
    return container.path("name").asText("");
  }

  /// The names of those whose security context is not as it should be.
  static List<String> named(JsonNode spec, Predicate<JsonNode> isBad) {
    List<String> names = new ArrayList<>();
    for (JsonNode each : of(spec)) {
      if (isBad.test(each.path("securityContext"))) {
        names.add(name(each));
      }
    }
    return names;
  }
}
