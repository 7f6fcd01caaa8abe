// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.extender;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.util.Map;
import java.util.TreeMap;

/// Reads answers as Go's library does, for which extenders are written: names of fields are the
/// same in capital and small letters.
final class Answers {
  private Answers() {}

  static JsonNode field(JsonNode object, String name) {
    JsonNode exact = object.path(name);
    if (!exact.isMissingNode()) {
      return exact;
    }
    for (Map.Entry<String, JsonNode> each : object.properties()) {
      if (each.getKey().equalsIgnoreCase(name)) {
        return each.getValue();
      }
    }
    return MissingNode.getInstance();
  }

  static String text(JsonNode object, String name) {
    return field(object, name).asText("");
  }

  /// A map of texts, by name.
  static Map<String, String> texts(JsonNode object, String name) {
    Map<String, String> texts = new TreeMap<>();
    field(object, name)
        .properties()
        .forEach(each -> texts.put(each.getKey(), each.getValue().asText("")));
    return texts;
  }
}
