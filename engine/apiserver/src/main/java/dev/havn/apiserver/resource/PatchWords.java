// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.StringJoiner;
import java.util.TreeMap;

/// Trees as Kubernetes prints them in its refusals of patches.
final class PatchWords {
  private PatchWords() {}

  /// As Go prints a map: `map[a:b c:[1 2]]`.
  static String of(JsonNode tree) {
    return switch (tree.getNodeType()) {
      case OBJECT -> {
        StringJoiner fields = new StringJoiner(" ", "map[", "]");
        TreeMap<String, JsonNode> sorted = new TreeMap<>();
        tree.properties().forEach(field -> sorted.put(field.getKey(), field.getValue()));
        sorted.forEach((name, value) -> fields.add(name + ":" + of(value)));
        yield fields.toString();
      }
      case ARRAY -> {
        StringJoiner items = new StringJoiner(" ", "[", "]");
        tree.forEach(item -> items.add(of(item)));
        yield items.toString();
      }
      case NULL, MISSING -> "<nil>";
      case STRING, NUMBER, BOOLEAN, BINARY, POJO -> tree.asText();
    };
  }

  /// As JSON whose fields are sorted, inner ones too: what has no Go type is a map.
  static String sortedDeeply(JsonNode tree) {
    return deeply(tree).toString();
  }

  private static JsonNode deeply(JsonNode tree) {
    JsonNodeFactory nodes = JsonNodeFactory.instance;
    if (tree.isArray()) {
      var items = nodes.arrayNode();
      tree.forEach(item -> items.add(deeply(item)));
      return items;
    }
    if (!tree.isObject()) {
      return tree;
    }
    TreeMap<String, JsonNode> sorted = new TreeMap<>();
    tree.properties().forEach(field -> sorted.put(field.getKey(), deeply(field.getValue())));
    ObjectNode result = nodes.objectNode();
    sorted.forEach(result::set);
    return result;
  }

  /// As JSON whose outermost fields are sorted.
  static String sorted(JsonNode tree) {
    TreeMap<String, JsonNode> sorted = new TreeMap<>();
    tree.properties().forEach(field -> sorted.put(field.getKey(), field.getValue()));
    ObjectNode result = JsonNodeFactory.instance.objectNode();
    sorted.forEach(result::set);
    return result.toString();
  }
}
