// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.admission;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/// The scope `VolumeAttributesClass` of quotas (KEP-3751): claims by the classes that they have,
/// are getting or ask for.
final class AttributesScope {
  private AttributesScope() {}

  static boolean holds(JsonNode expressions, ObjectNode claim) {
    Set<String> classes = new TreeSet<>();
    for (String place :
        List.of(
            "/spec/volumeAttributesClassName",
            "/status/currentVolumeAttributesClassName",
            "/status/modifyVolumeStatus/targetVolumeAttributesClassName")) {
      String name = claim.at(place).asText("");
      if (!name.isEmpty()) {
        classes.add(name);
      }
    }
    for (JsonNode each : expressions) {
      boolean here = each.path("scopeName").asText().equals("VolumeAttributesClass");
      if (!here || !matches(each, classes)) {
        return false;
      }
    }
    return true;
  }

  private static boolean matches(JsonNode expression, Set<String> classes) {
    boolean listed = false;
    for (JsonNode value : expression.path("values")) {
      listed |= classes.contains(value.asText());
    }
    return switch (expression.path("operator").asText()) {
      case "In" -> listed;
      case "NotIn" -> !listed;
      case "Exists" -> !classes.isEmpty();
      default -> classes.isEmpty();
    };
  }
}
