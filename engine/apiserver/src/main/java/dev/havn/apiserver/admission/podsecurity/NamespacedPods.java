// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.admission.podsecurity;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/// Which pods of a namespace would not be let in under a new policy; they stay, its owner is told.
final class NamespacedPods {
  private static final int CHECKED_MAX = 3_000;

  private final Standards standards;
  private final Exemptions exemptions;

  NamespacedPods(Standards standards, Exemptions exemptions) {
    this.standards = standards;
    this.exemptions = exemptions;
  }

  /// One line for all pods with the same problems, named by the first of them.
  List<String> warnings(String namespace, Level.Versioned standard, List<ObjectNode> pods) {
    List<ObjectNode> ordered = inOrder(pods);
    List<ObjectNode> checked = ordered.subList(0, Math.min(ordered.size(), CHECKED_MAX));
    Map<String, Set<String>> namesByProblem = new TreeMap<>();
    for (ObjectNode pod : checked) {
      List<Violation> found =
          standards.violations(standard, pod.path("metadata"), pod.path("spec"));
      if (!found.isEmpty()) {
        namesByProblem
            .computeIfAbsent(Violation.reasons(found), _ -> new TreeSet<>())
            .add(pod.at("/metadata/name").asText());
      }
    }
    List<String> warnings = new ArrayList<>();
    if (checked.size() < ordered.size()) {
      warnings.add(
          "new PodSecurity enforce level only checked against the first %d of %d existing pods"
              .formatted(checked.size(), ordered.size()));
    }
    if (!namesByProblem.isEmpty()) {
      warnings.add(
          "existing pods in namespace \"%s\" violate the new PodSecurity enforce level \"%s\""
              .formatted(namespace, standard));
    }
    List<String> lines = new ArrayList<>();
    namesByProblem.forEach((problem, names) -> lines.add(named(names) + ": " + problem));
    lines.sort(null);
    warnings.addAll(lines);
    return warnings;
  }

  private static String named(Set<String> names) {
    String first = names.iterator().next();
    return switch (names.size()) {
      case 1 -> first;
      case 2 -> first + " (and 1 other pod)";
      default -> first + " (and %d other pods)".formatted(names.size() - 1);
    };
  }

  /// One pod of each controller before its other pods, which will have the same problems.
  private List<ObjectNode> inOrder(List<ObjectNode> pods) {
    List<ObjectNode> ordered = new ArrayList<>();
    List<ObjectNode> more = new ArrayList<>();
    Set<String> controllers = new HashSet<>();
    for (ObjectNode pod : pods) {
      if (!exemptions.hasRuntimeClass(pod.path("spec"))) {
        String controller = controller(pod);
        (controller.isEmpty() || controllers.add(controller) ? ordered : more).add(pod);
      }
    }
    ordered.addAll(more);
    return ordered;
  }

  private static String controller(ObjectNode pod) {
    for (JsonNode owner : pod.at("/metadata/ownerReferences")) {
      if (owner.path("controller").asBoolean()) {
        return owner.path("uid").asText();
      }
    }
    return "";
  }
}
