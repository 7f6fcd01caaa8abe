// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.differential;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.Schema;
import java.util.ArrayList;
import java.util.List;

/// Values that a schema allows, the likeliest first.
final class Samples {
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
  private static final List<String> TEXTS =
      List.of(
          "a",
          "a.example.com",
          "a.example.com/b",
          "10.0.0.1",
          "10.0.0.0/24",
          "/a",
          "https://a.example.com/b",
          "1",
          "metadata.name",
          "limits.cpu",
          "TCP",
          "true",
          "YQ==",
          "*",
          "system:a");
  private static final List<Integer> NUMBERS = List.of(1, 10, 1000, 30_000, 80, 0, 5, -1);

  private Samples() {}

  static List<JsonNode> of(Schema schema) {
    return switch (schema) {
      case Schema.Scalar scalar -> scalars(scalar);
      case Schema.Struct struct -> List.of(minimal(struct, 2));
      case Schema.MapOf map ->
          List.of(JSON.objectNode().set("key", minimal(map.values(), 2)), JSON.objectNode());
      case Schema.ListOf list ->
          of(list.items()).stream().<JsonNode>map(each -> JSON.arrayNode().add(each)).toList();
      case Schema.Any _ ->
          List.of(
              JSON.objectNode().put("a", 1),
              JSON.objectNode().put("type", "string"),
              JSON.textNode("a"),
              JSON.booleanNode(true));
    };
  }

  private static List<JsonNode> scalars(Schema.Scalar scalar) {
    List<JsonNode> values = new ArrayList<>();
    switch (scalar.type()) {
      case STRING -> {
        switch (scalar.format()) {
          case "byte" -> values.add(JSON.textNode("YQ=="));
          case "date-time" -> values.add(JSON.textNode("2026-01-02T03:04:05Z"));
          case "date-time-micro" -> values.add(JSON.textNode("2026-01-02T03:04:05.000006Z"));
          default -> {
            scalar.enumeration().forEach(each -> values.add(JSON.textNode(each)));
            TEXTS.forEach(each -> values.add(JSON.textNode(each)));
          }
        }
      }
      case INTEGER -> NUMBERS.forEach(each -> values.add(JSON.numberNode(each)));
      case NUMBER -> values.add(JSON.numberNode(1.5));
      case BOOLEAN -> values.addAll(List.of(JSON.booleanNode(true), JSON.booleanNode(false)));
      case INT_OR_STRING ->
          values.addAll(List.of(JSON.numberNode(1), JSON.textNode("30%"), JSON.textNode("a")));
      case QUANTITY ->
          values.addAll(List.of(JSON.textNode("1"), JSON.textNode("1Gi"), JSON.textNode("10m")));
    }
    return values;
  }

  /// The least that a schema takes.
  ///
  /// @param depth how deep its required fields are filled
  static JsonNode minimal(Schema schema, int depth) {
    switch (schema) {
      case Schema.Struct struct -> {
        ObjectNode object = JSON.objectNode();
        for (Schema.Field field : struct.fields().values()) {
          if (field.required() && depth > 0) {
            object.set(field.name(), minimal(field.schema(), depth - 1));
          }
        }
        return object;
      }
      case Schema.ListOf list -> {
        ArrayNode items = JSON.arrayNode();
        JsonNode item = minimal(list.items(), depth);
        for (String key : list.keys()) {
          Schema.Field field = list.items() instanceof Schema.Struct of ? of.field(key) : null;
          if (field != null && !item.has(key) && item instanceof ObjectNode object) {
            object.set(key, minimal(field.schema(), 1));
          }
        }
        return items.add(item);
      }
      case Schema.MapOf map -> {
        return JSON.objectNode().set("key", minimal(map.values(), depth));
      }
      case Schema.Scalar _, Schema.Any _ -> {
        return of(schema).getFirst();
      }
    }
  }
}
