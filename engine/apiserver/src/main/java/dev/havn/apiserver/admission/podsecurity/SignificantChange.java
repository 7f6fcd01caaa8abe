// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.admission.podsecurity;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.util.List;

/// Whether an update of a pod is looked at: it brings another container or another image. A pod
/// that was there before its namespace's policy can so still be labelled and resized.
final class SignificantChange {
  private SignificantChange() {}

  static boolean between(JsonNode before, JsonNode after) {
    for (String list : List.of("containers", "initContainers")) {
      if (before.path(list).size() != after.path(list).size()) {
        return true;
      }
      for (int i = 0; i < after.path(list).size(); i++) {
        if (imageChanges(before.path(list).path(i), after.path(list).path(i))) {
          return true;
        }
      }
    }
    for (JsonNode each : after.path("ephemeralContainers")) {
      if (imageChanges(same(before.path("ephemeralContainers"), each), each)) {
        return true;
      }
    }
    return false;
  }

  private static boolean imageChanges(JsonNode before, JsonNode after) {
    return before.isMissingNode()
        || !before.path("image").asText("").equals(after.path("image").asText(""));
  }

  private static JsonNode same(JsonNode list, JsonNode wanted) {
    for (JsonNode each : list) {
      if (Containers.name(each).equals(Containers.name(wanted))) {
        return each;
      }
    }
    return JsonNodeFactory.instance.missingNode();
  }
}
