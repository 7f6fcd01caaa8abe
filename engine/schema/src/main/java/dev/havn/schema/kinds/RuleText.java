// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

/// A rule of a custom resource as errors show it: with the names of Go's fields, as Go writes JSON.
final class RuleText {
  private RuleText() {}

  static String of(JsonNode rule) {
    ObjectNode shown = JsonNodeFactory.instance.objectNode();
    shown.put("Rule", rule.path("rule").asText(""));
    shown.put("Message", rule.path("message").asText(""));
    shown.put("MessageExpression", rule.path("messageExpression").asText(""));
    shown.set("Reason", rule.get("reason"));
    shown.put("FieldPath", rule.path("fieldPath").asText(""));
    shown.set("OptionalOldSelf", rule.get("optionalOldSelf"));
    return shown
        .toString()
        .replace("&", "\\u0026")
        .replace("<", "\\u003c")
        .replace(">", "\\u003e")
        .replace("\u2028", "\\u2028")
        .replace("\u2029", "\\u2029");
  }
}
