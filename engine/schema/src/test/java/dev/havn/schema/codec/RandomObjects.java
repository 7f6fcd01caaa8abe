// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.codec;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.Schema;
import java.util.Base64;
import java.util.Random;

/// Objects that fit a schema, from a seed. No value is zero or empty, which protobuf cannot tell
/// from absent.
public final class RandomObjects {
  private static final JsonNodeFactory MAKE = JsonNodeFactory.instance;
  private static final int DEPTH_MAX = 7;

  private final Random random;

  public RandomObjects(long seed) {
    this.random = new Random(seed);
  }

  public ObjectNode object(Schema.Struct type) {
    return object(type, 0);
  }

  private ObjectNode object(Schema.Struct type, int depth) {
    ObjectNode object = MAKE.objectNode();
    for (Schema.Field field : type.fields().values()) {
      boolean wanted = field.number() > 0 && depth < DEPTH_MAX && random.nextInt(3) > 0;
      if (wanted) {
        JsonNode value = value(field.schema(), depth + 1);
        if (!value.isContainerNode() || !value.isEmpty()) {
          object.set(field.name(), value);
        }
      }
    }
    return object;
  }

  private JsonNode value(Schema schema, int depth) {
    return switch (schema) {
      case Schema.Struct struct -> object(struct, depth);
      case Schema.MapOf(Schema values, boolean _) -> {
        ObjectNode map = MAKE.objectNode();
        for (int i = random.nextInt(3); i > 0; i--) {
          JsonNode value = value(values, depth + 1);
          if (!value.isContainerNode() || !value.isEmpty()) {
            map.set("k" + i, value);
          }
        }
        yield map;
      }
      case Schema.ListOf list -> {
        ArrayNode array = MAKE.arrayNode();
        for (int i = random.nextInt(3); i > 0; i--) {
          JsonNode value = value(list.items(), depth + 1);
          if (!value.isContainerNode() || !value.isEmpty()) {
            array.add(value);
          }
        }
        yield array;
      }
      case Schema.Scalar scalar -> scalar(scalar);
      case Schema.Any any ->
          any.wire() == Schema.Wire.RAW
              ? MAKE.objectNode().put("a", 1 + random.nextInt(9))
              : MAKE.objectNode();
    };
  }

  private JsonNode scalar(Schema.Scalar scalar) {
    int number = 1 + random.nextInt(1_000);
    return switch (scalar.type()) {
      case STRING ->
          switch (scalar.format()) {
            case "byte" ->
                MAKE.textNode(Base64.getEncoder().encodeToString(new byte[] {1, 2, (byte) number}));
            case "date-time" -> MAKE.textNode("2026-01-01T00:00:%02dZ".formatted(number % 60));
            case "date-time-micro" ->
                MAKE.textNode("2026-01-01T00:00:%02d.%06dZ".formatted(number % 60, number));
            default -> MAKE.textNode("text " + number + " ü\n\"");
          };
      case INTEGER -> MAKE.numberNode(number);
      case NUMBER -> MAKE.numberNode(number + 0.5);
      case BOOLEAN -> MAKE.booleanNode(true);
      case INT_OR_STRING ->
          random.nextBoolean() ? MAKE.numberNode(number) : MAKE.textNode(number + "%");
      case QUANTITY -> MAKE.textNode(number + "Mi");
    };
  }
}
