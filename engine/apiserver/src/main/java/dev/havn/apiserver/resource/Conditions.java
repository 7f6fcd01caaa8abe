// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

/// The conditions in a status.
final class Conditions {
  private Conditions() {}

  /// Sets a condition by type; an empty reason or message is left out.
  static void set(ObjectNode object, String type, String status, String reason, String message) {
    var conditions = object.withObjectProperty("status").withArrayProperty("conditions");
    ObjectNode condition = null;
    for (JsonNode each : conditions) {
      if (each.path("type").asText().equals(type)) {
        condition = (ObjectNode) each;
      }
    }
    if (condition == null) {
      condition = conditions.addObject();
    }
    condition.put("type", type).put("status", status);
    condition.remove("reason");
    condition.remove("message");
    if (!reason.isEmpty()) {
      condition.put("reason", reason);
    }
    if (!message.isEmpty()) {
      condition.put("message", message);
    }
  }
}
