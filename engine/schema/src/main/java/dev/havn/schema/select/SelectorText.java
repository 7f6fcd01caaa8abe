// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.select;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// A selector of an object as a text that a list request takes: `app=web,tier in (back,front)`.
public final class SelectorText {
  private SelectorText() {}

  public static String of(JsonNode selector) {
    boolean isNew = selector.has("matchLabels") || selector.has("matchExpressions");
    JsonNode labels = isNew ? selector.path("matchLabels") : selector;
    Map<String, String> terms = new TreeMap<>();
    for (Map.Entry<String, JsonNode> each : labels.properties()) {
      terms.put(each.getKey(), each.getKey() + "=" + each.getValue().asText());
    }
    JsonNode expressions =
        isNew ? selector.path("matchExpressions") : JsonNodeFactory.instance.arrayNode();
    for (JsonNode each : expressions) {
      String key = each.path("key").asText();
      terms.merge(key, term(key, each), (one, other) -> one + "," + other);
    }
    return String.join(",", terms.values());
  }

  private static String term(String key, JsonNode expression) {
    List<String> values = new ArrayList<>();
    expression.path("values").forEach(value -> values.add(value.asText()));
    values.sort(null);
    String list = "(" + String.join(",", values) + ")";
    return switch (expression.path("operator").asText()) {
      case "In" -> key + " in " + list;
      case "NotIn" -> key + " notin " + list;
      case "DoesNotExist" -> "!" + key;
      default -> key;
    };
  }
}
