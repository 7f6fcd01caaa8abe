// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.validate;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.Schema;
import dev.havn.schema.codec.CodecException;
import dev.havn.schema.codec.Numbers;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What Kubernetes does to what was merged as a plain tree before it is an object again: it is not
/// decoded from text but copied value by value, which refuses in other words than [Structure] and
/// lets integers overflow.
public final class Restoration {
  private Restoration() {}

  /// Cuts integers of `object` to their size, in place.
  ///
  /// @throws CodecException when a value has a wrong type
  public static void restore(ObjectNode object, Schema.Struct type) {
    for (Map.Entry<String, JsonNode> each : object.properties()) {
      Schema.@Nullable Field field = type.field(each.getKey());
      if (field != null) {
        each.setValue(value(each.getValue(), field.schema()));
      }
    }
  }

  private static JsonNode value(JsonNode value, Schema schema) {
    if (value.isNull()) {
      return value;
    }
    switch (schema) {
      case Schema.Struct struct -> {
        if (!(value instanceof ObjectNode object)) {
          throw new CodecException("cannot restore struct from: " + kind(value));
        }
        restore(object, struct);
      }
      case Schema.MapOf map -> {
        if (!(value instanceof ObjectNode object)) {
          throw new CodecException("cannot restore map from " + kind(value));
        }
        object.properties().forEach(each -> each.setValue(value(each.getValue(), map.values())));
      }
      case Schema.ListOf list -> {
        if (!(value instanceof ArrayNode array)) {
          throw new CodecException("cannot restore slice from " + kind(value));
        }
        for (int i = 0; i < array.size(); i++) {
          array.set(i, value(array.get(i), list.items()));
        }
      }
      case Schema.Scalar scalar -> {
        return scalar(value, scalar);
      }
      case Schema.Any _ -> {}
    }
    return value;
  }

  private static JsonNode scalar(JsonNode value, Schema.Scalar scalar) {
    switch (scalar.type()) {
      case STRING -> text(value, scalar);
      case BOOLEAN -> {
        if (!value.isBoolean()) {
          throw new CodecException("unrecognized type: bool");
        }
      }
      case INTEGER -> {
        return integer(value, scalar.format());
      }
      case NUMBER -> {
        if (!value.isNumber()) {
          throw new CodecException("unrecognized type: float64");
        }
      }
      case INT_OR_STRING -> {
        if (!value.isTextual() && !value.isIntegralNumber()) {
          throw marshalled(value, "int32");
        }
      }
      case QUANTITY -> {}
    }
    return value;
  }

  private static void text(JsonNode value, Schema.Scalar scalar) {
    String format = scalar.format();
    if (value.isTextual()) {
      bytes(value.asText(), format);
      return;
    }
    if (format.startsWith("date-time")) {
      throw marshalled(value, "string");
    }
    if (format.equals("byte")) {
      throw new CodecException("cannot restore slice from " + kind(value));
    }
    if (value.isIntegralNumber()) {
      String name = scalar.name().isEmpty() ? "string" : scalar.name();
      throw new CodecException("cannot convert int64 to " + name);
    }
    throw new CodecException("unrecognized type: string");
  }

  private static void bytes(String text, String format) {
    if (format.equals("byte")) {
      try {
        Base64Syntax.check(text);
      } catch (CodecException e) {
        throw new CodecException("error decoding from json: " + e.getMessage());
      }
    }
  }

  /// Types that read themselves are given the value as JSON.
  private static CodecException marshalled(JsonNode value, String type) {
    String what =
        switch (value.getNodeType()) {
          case OBJECT -> "object";
          case ARRAY -> "array";
          case BOOLEAN -> "bool";
          case NUMBER -> type.equals("string") ? "number" : "number " + value;
          default -> "string";
        };
    return new CodecException("json: cannot unmarshal " + what + " into Go value of type " + type);
  }

  private static JsonNode integer(JsonNode value, String format) {
    if (!value.isNumber()) {
      throw new CodecException("unrecognized type: " + format);
    }
    double number = value.asDouble();
    if (!value.isIntegralNumber() && number != Math.rint(number)) {
      throw new CodecException("cannot convert float64 to " + format);
    }
    long whole = value.isIntegralNumber() ? value.asLong() : (long) number;
    return Numbers.node(format.equals("int32") ? (int) whole : whole);
  }

  /// As Go's reflection calls it.
  private static String kind(JsonNode value) {
    return switch (value.getNodeType()) {
      case OBJECT -> "map";
      case ARRAY -> "slice";
      case BOOLEAN -> "bool";
      case NUMBER -> value.isIntegralNumber() ? "int64" : "float64";
      default -> "string";
    };
  }
}
