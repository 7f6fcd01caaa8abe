// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Owners of an object, each told once.
final class OwnerReferences {
  private static final List<String> FIELDS =
      List.of("apiVersion", "kind", "name", "uid", "controller", "blockOwnerDeletion");

  private OwnerReferences() {}

  /// Equal for equal references, in whatever order their fields stand.
  private static String text(JsonNode owner) {
    return FIELDS.stream().map(field -> String.valueOf(owner.get(field))).toList().toString();
  }

  /// Drops owners that are told twice in the same words, and warns of it.
  ///
  /// @param admitted whether admission has changed the object already
  static void dedupe(Call call, ObjectNode object, boolean admitted) {
    if (!(object.path("metadata").get("ownerReferences") instanceof ArrayNode owners)
        || owners.size() < 2) {
      return;
    }
    // By their texts: those are found in little time whatever stands in them.
    Map<String, JsonNode> once = new LinkedHashMap<>();
    List<String> again = new ArrayList<>();
    for (JsonNode owner : owners) {
      if (once.putIfAbsent(text(owner), owner) != null) {
        again.add(owner.path("uid").asText(""));
      }
    }
    if (!again.isEmpty()) {
      owners.removeAll();
      owners.addAll(once.values());
      call.notes()
          .warn(
              ".metadata.ownerReferences contains duplicate entries%s; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: %s"
                  .formatted(
                      admitted ? " after mutating admission happens" : "",
                      String.join(", ", again)));
    }
  }
}
