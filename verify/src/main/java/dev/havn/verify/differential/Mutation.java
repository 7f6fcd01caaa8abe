// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.differential;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.Schema;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.random.RandomGenerator;

/// Changes one place of an object: something left out, something of a wrong type, out of range, too
/// long, twice, unknown, or a field that was not there.
final class Mutation {
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
  private static final int DEEPER_PERCENT = 70;
  private static final List<String> TEXTS =
      List.of("", "Bad_Name!", "x".repeat(300), "other", " a ", "-a", "a/b", "*", "1", "a.b.c");
  private static final List<JsonNode> NUMBERS =
      List.of(
          JSON.numberNode(-1),
          JSON.numberNode(0),
          JSON.numberNode(1),
          JSON.numberNode(70_000),
          JSON.numberNode(Integer.MAX_VALUE),
          JSON.numberNode(3_000_000_000L),
          JSON.numberNode(1.5));
  private static final List<String> QUANTITIES =
      List.of("abc", "-1", "0", "1.5", "1e3", "100m", "0.0001", "1Ki");

  private final RandomGenerator random;

  Mutation(RandomGenerator random) {
    this.random = random;
  }

  /// Changes `object` in place.
  void change(ObjectNode object, Schema.Struct type) {
    struct(object, type, true);
  }

  private void struct(ObjectNode object, Schema.Struct type, boolean top) {
    List<String> present = new ArrayList<>();
    object.fieldNames().forEachRemaining(present::add);
    present.removeIf(name -> type.field(name) == null);
    if (top) {
      present.removeAll(List.of("apiVersion", "kind"));
    }
    int choice = random.nextInt(100);
    if (present.isEmpty() || choice < 15) {
      add(object, type);
      return;
    } else if (choice < 18) {
      object.put("unknownField", "x");
      return;
    }
    String name = present.get(random.nextInt(present.size()));
    Schema.Field field = Objects.requireNonNull(type.field(name));
    boolean named = name.equals("name") && type.name().endsWith("ObjectMeta");
    boolean identity = named || (top && name.equals("metadata"));
    if (object.get(name).isContainerNode() && random.nextInt(100) < DEEPER_PERCENT || identity) {
      if (named) {
        object.put(name, random.nextBoolean() ? "Bad_Name!" : "x".repeat(300));
      } else {
        deeper(object.get(name), field.schema());
      }
    } else if (random.nextInt(100) < 30) {
      object.remove(name);
    } else {
      object.set(name, other(object.get(name), field.schema()));
    }
  }

  private void deeper(JsonNode value, Schema schema) {
    if (value instanceof ObjectNode object && schema instanceof Schema.Struct struct) {
      struct(object, struct, false);
    } else if (value instanceof ObjectNode object && schema instanceof Schema.MapOf map) {
      map(object, map);
    } else if (value instanceof ArrayNode array && schema instanceof Schema.ListOf list) {
      list(array, list);
    }
  }

  private void map(ObjectNode value, Schema.MapOf map) {
    List<String> keys = new ArrayList<>();
    value.fieldNames().forEachRemaining(keys::add);
    if (keys.isEmpty() || random.nextInt(100) < 40) {
      value.set(TEXTS.get(random.nextInt(TEXTS.size())), fresh(map.values(), 1));
      return;
    }
    String key = keys.get(random.nextInt(keys.size()));
    if (random.nextInt(100) < 30) {
      value.remove(key);
    } else if (value.get(key).isContainerNode() && random.nextBoolean()) {
      deeper(value.get(key), map.values());
    } else {
      value.set(key, other(value.get(key), map.values()));
    }
  }

  private void list(ArrayNode value, Schema.ListOf list) {
    int choice = random.nextInt(100);
    if (value.isEmpty() || choice < 10) {
      value.add(fresh(list.items(), 2));
    } else if (choice < 22) {
      value.add(value.get(random.nextInt(value.size())).deepCopy());
    } else if (choice < 30) {
      value.remove(random.nextInt(value.size()));
    } else if (choice < 33) {
      value.removeAll();
    } else {
      int index = random.nextInt(value.size());
      if (value.get(index).isContainerNode() && choice < 95) {
        deeper(value.get(index), list.items());
      } else {
        value.set(index, other(value.get(index), list.items()));
      }
    }
  }

  private void add(ObjectNode object, Schema.Struct type) {
    List<Schema.Field> absent =
        type.fields().values().stream()
            .filter(field -> !object.has(field.name()))
            .filter(field -> !field.name().equals("managedFields"))
            .toList();
    if (absent.isEmpty()) {
      object.putNull("unknownField");
      return;
    }
    Schema.Field field = absent.get(random.nextInt(absent.size()));
    object.set(field.name(), fresh(field.schema(), 3));
  }

  /// A value of the schema's type, more or less sensible.
  private JsonNode fresh(Schema schema, int depth) {
    return switch (schema) {
      case Schema.Struct struct -> {
        ObjectNode object = JSON.objectNode();
        for (Schema.Field field : struct.fields().values()) {
          boolean wanted = field.required() || random.nextInt(100) < 25;
          if (depth > 0 && wanted && !field.name().equals("managedFields")) {
            object.set(field.name(), fresh(field.schema(), depth - 1));
          }
        }
        yield object;
      }
      case Schema.MapOf map ->
          random.nextInt(100) < 30
              ? JSON.objectNode()
              : JSON.objectNode().set("key", fresh(map.values(), depth - 1));
      case Schema.ListOf list ->
          random.nextInt(100) < 30
              ? JSON.arrayNode()
              : JSON.arrayNode().add(fresh(list.items(), depth - 1));
      case Schema.Scalar scalar -> leaf(scalar);
      case Schema.Any _ -> JSON.objectNode().put("a", 1);
    };
  }

  private JsonNode leaf(Schema.Scalar scalar) {
    return switch (scalar.type()) {
      case STRING ->
          switch (scalar.format()) {
            case "byte" -> JSON.textNode("YQ==");
            case "date-time" -> JSON.textNode("2026-01-02T03:04:05Z");
            case "date-time-micro" -> JSON.textNode("2026-01-02T03:04:05.000006Z");
            default ->
                scalar.enumeration().isEmpty() || random.nextInt(100) < 20
                    ? JSON.textNode(random.nextInt(100) < 60 ? "a" : text())
                    : JSON.textNode(
                        scalar.enumeration().get(random.nextInt(scalar.enumeration().size())));
          };
      case INTEGER -> NUMBERS.get(random.nextInt(5));
      case NUMBER -> JSON.numberNode(1.5);
      case BOOLEAN -> JSON.booleanNode(random.nextBoolean());
      case INT_OR_STRING ->
          random.nextBoolean() ? JSON.numberNode(random.nextInt(3)) : JSON.textNode("30%");
      case QUANTITY -> JSON.textNode(QUANTITIES.get(1 + random.nextInt(QUANTITIES.size() - 1)));
    };
  }

  private String text() {
    return TEXTS.get(random.nextInt(TEXTS.size()));
  }

  /// A value in place of `value`, of another type once in a while.
  private JsonNode other(JsonNode value, Schema schema) {
    int choice = random.nextInt(100);
    if (choice < 6) {
      return JSON.nullNode();
    } else if (choice < 16) {
      return wrong(value);
    } else if (choice < 26) {
      return fresh(schema, 2);
    }
    return switch (schema) {
      case Schema.Scalar scalar ->
          switch (scalar.type()) {
            case STRING ->
                scalar.enumeration().isEmpty() || choice < 60
                    ? JSON.textNode(text())
                    : JSON.textNode(
                        scalar.enumeration().get(random.nextInt(scalar.enumeration().size())));
            case INTEGER, NUMBER -> NUMBERS.get(random.nextInt(NUMBERS.size()));
            case BOOLEAN -> JSON.booleanNode(!value.asBoolean());
            case INT_OR_STRING ->
                random.nextBoolean()
                    ? NUMBERS.get(random.nextInt(5))
                    : JSON.textNode(List.of("110%", "-5%", "x", "30%", "").get(random.nextInt(5)));
            case QUANTITY -> JSON.textNode(QUANTITIES.get(random.nextInt(QUANTITIES.size())));
          };
      case Schema.Struct _, Schema.MapOf _ -> JSON.objectNode();
      case Schema.ListOf _ -> JSON.arrayNode();
      case Schema.Any _ -> JSON.textNode("a");
    };
  }

  private JsonNode wrong(JsonNode value) {
    List<JsonNode> others =
        new ArrayList<>(
            List.of(
                JSON.textNode("a"),
                JSON.numberNode(7),
                JSON.booleanNode(true),
                JSON.arrayNode().add("a"),
                JSON.objectNode().put("a", "b")));
    others.removeIf(other -> other.getNodeType() == value.getNodeType());
    return others.get(random.nextInt(others.size()));
  }
}
