// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;

/// `LabelSelector` of an object: an absent one selects nothing, an empty one everything.
public final class LabelSelection {
  private LabelSelection() {}

  public static boolean matches(JsonNode selector, JsonNode labels) {
    if (!selector.isObject()) {
      return false;
    }
    for (Map.Entry<String, JsonNode> each : selector.path("matchLabels").properties()) {
      if (!each.getValue().equals(labels.path(each.getKey()))) {
        return false;
      }
    }
    for (JsonNode each : selector.path("matchExpressions")) {
      JsonNode value = labels.path(each.path("key").asText());
      boolean listed = false;
      for (JsonNode one : each.path("values")) {
        listed |= one.equals(value);
      }
      boolean holds =
          switch (each.path("operator").asText()) {
            case "In" -> listed;
            case "NotIn" -> !listed;
            case "Exists" -> !value.isMissingNode();
            default -> value.isMissingNode();
          };
      if (!holds) {
        return false;
      }
    }
    return true;
  }
}
