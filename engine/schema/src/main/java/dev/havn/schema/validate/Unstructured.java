// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.validate;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.Schema;
import dev.havn.schema.codec.CodecException;
import dev.havn.schema.codec.GoJson;
import dev.havn.schema.codec.Numbers;
import org.jspecify.annotations.Nullable;

/// Values of an applied object on their way into Kubernetes' own types. They are not read as JSON
/// there, but converted, and a number that is too large for its type loses its upper bits.
public final class Unstructured {
  private Unstructured() {}

  /// Converts the values of a tree in place.
  ///
  /// @throws CodecException for a value that Go cannot convert
  public static void convert(ObjectNode tree, Schema.Struct type) {
    for (Schema.Field field : type.fields().values()) {
      @Nullable JsonNode value = tree.get(field.name());
      if (value != null && !value.isNull()) {
        tree.set(field.name(), converted(value, field.schema()));
      }
    }
  }

  private static JsonNode converted(JsonNode value, Schema schema) {
    switch (schema) {
      case Schema.Struct struct when value instanceof ObjectNode object -> convert(object, struct);
      case Schema.MapOf map when value instanceof ObjectNode object ->
          object
              .properties()
              .forEach(each -> each.setValue(converted(each.getValue(), map.values())));
      case Schema.ListOf list when value instanceof ArrayNode array -> {
        for (int i = 0; i < array.size(); i++) {
          array.set(i, converted(array.get(i), list.items()));
        }
      }
      case Schema.Scalar scalar -> {
        return scalar(value, scalar);
      }
      case Schema.Struct _, Schema.MapOf _, Schema.ListOf _, Schema.Any _ -> {}
    }
    return value;
  }

  private static JsonNode scalar(JsonNode value, Schema.Scalar scalar) {
    return switch (scalar.type()) {
      case INTEGER -> value.isNumber() ? integer(value, scalar.format()) : value;
      case INT_OR_STRING -> {
        boolean isInt = value.isIntegralNumber() && value.canConvertToInt();
        if (!isInt && !value.isTextual()) {
          throw notRead(value.isNumber() ? "number " + value : GoJson.type(value), "int32");
        }
        yield value;
      }
      case STRING -> {
        if (scalar.format().equals("byte") && value.isTextual()) {
          checkBytes(value.asText());
        }
        if (scalar.format().startsWith("date-time") && !value.isTextual()) {
          throw notRead(GoJson.type(value), "string");
        }
        yield value;
      }
      case NUMBER, BOOLEAN, QUANTITY -> value;
    };
  }

  /// Of a type that reads itself, which knows nothing of where it stands.
  private static CodecException notRead(String what, String type) {
    return new CodecException(
        "json: cannot unmarshal %s into Go value of type %s".formatted(what, type));
  }

  private static void checkBytes(String text) {
    try {
      Base64Syntax.check(text);
    } catch (CodecException e) {
      throw new CodecException("error decoding from json: " + e.getMessage());
    }
  }

  private static JsonNode integer(JsonNode value, String format) {
    double floating = value.doubleValue();
    if (floating != Math.rint(floating)) {
      throw new CodecException("cannot convert float64 to " + format);
    }
    // beyond 64 bits there is no sensible value, but one
    long number = value.canConvertToLong() ? value.longValue() : Long.MIN_VALUE;
    long kept = format.equals("int32") ? (int) number : number;
    return value.isIntegralNumber() && kept == number && value.canConvertToLong()
        ? value
        : Numbers.node(kept);
  }
}
