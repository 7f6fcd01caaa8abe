// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.differential;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Iterator;

/// What an API server itself writes into the status of a flow schema as soon as it sees it, between
/// one request and the next: whether it has come by then is chance.
final class Interference {
  private static final String WRITER = "api-priority-and-fairness-config-consumer-v1";

  private Interference() {}

  /// Takes it out of a flow schema; leaves all else alone.
  static void strip(ObjectNode object) {
    if (!object.path("kind").asText().equals("FlowSchema")) {
      return;
    }
    if (object.path("status") instanceof ObjectNode status
        && status.path("conditions") instanceof ArrayNode conditions) {
      removeWhere(conditions, "type", "Dangling");
      if (conditions.isEmpty()) {
        status.remove("conditions");
      }
    }
    if (object.path("metadata").path("managedFields") instanceof ArrayNode entries) {
      removeWhere(entries, "manager", WRITER);
      for (JsonNode entry : entries) {
        JsonNode conditions = entry.path("fieldsV1").path("f:status").path("f:conditions");
        if (conditions instanceof ObjectNode owned) {
          // Who makes a list owns it: whoever of the two was first.
          owned.remove(".");
        }
      }
    }
  }

  private static void removeWhere(ArrayNode items, String field, String value) {
    for (Iterator<JsonNode> each = items.iterator(); each.hasNext(); ) {
      if (each.next().path(field).asText().equals(value)) {
        each.remove();
      }
    }
  }
}
