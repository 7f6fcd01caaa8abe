// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.codec;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.havn.schema.Schema;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// JSON tree to protobuf message, by schema.
final class ProtobufWriter {
  private static final String API_RESOURCE = "io.k8s.apimachinery.pkg.apis.meta.v1.APIResource";
  private static final int VERBS = 4;

  private ProtobufWriter() {}

  static byte[] write(JsonNode object, Schema.Struct type) {
    return message(object, type).toBytes();
  }

  private static Wire.Writer message(JsonNode object, Schema.Struct type) {
    Wire.Writer out = new Wire.Writer();
    Map<List<Integer>, Wire.Writer> embedded = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> each : object.properties()) {
      Schema.@Nullable Field field = type.field(each.getKey());
      if (field == null || field.number() == 0 || each.getValue().isNull()) {
        continue;
      }
      Wire.Writer target =
          field.embedding().isEmpty()
              ? out
              : embedded.computeIfAbsent(field.embedding(), _ -> new Wire.Writer());
      value(target, field.number(), each.getValue(), field.schema(), type);
    }
    embedded.forEach(
        (path, writer) -> {
          Wire.Writer inner = writer;
          for (int i = path.size() - 1; i > 0; i--) {
            Wire.Writer outer = new Wire.Writer();
            outer.message(path.get(i), inner);
            inner = outer;
          }
          out.message(path.getFirst(), inner);
        });
    return out;
  }

  /// @param owner the type that has the field: a JSON schema is made of others
  private static void value(
      Wire.Writer out, int number, JsonNode value, Schema schema, Schema.Struct owner) {
    switch (schema) {
      case Schema.Struct struct -> out.message(number, message(value, struct));
      case Schema.MapOf(Schema values, boolean _) -> {
        for (Map.Entry<String, JsonNode> each : value.properties()) {
          Wire.Writer entry = new Wire.Writer();
          entry.text(1, each.getKey());
          if (values instanceof Schema.ListOf list) {
            entry.message(2, listMessage(each.getValue(), list, owner));
          } else {
            value(entry, 2, each.getValue(), values, owner);
          }
          out.message(number, entry);
        }
      }
      case Schema.ListOf list -> {
        if (isListMessage(owner, number)) {
          out.message(number, listMessage(value, list, owner));
        } else {
          value.forEach(item -> value(out, number, item, list.items(), owner));
        }
      }
      case Schema.Scalar scalar -> scalar(out, number, value, scalar);
      case Schema.Any(Schema.Wire wire) -> any(out, number, value, wire, owner);
    }
  }

  /// Whether a field that is a list in JSON is a message with its items, as lists inside maps are:
  /// of all fields the `verbs` of an APIResource alone.
  static boolean isListMessage(Schema.Struct owner, int number) {
    return number == VERBS && owner.name().equals(API_RESOURCE);
  }

  /// A list inside a map is a message of its own with the items as field 1 (`ExtraValue`).
  private static Wire.Writer listMessage(JsonNode value, Schema.ListOf list, Schema.Struct owner) {
    Wire.Writer items = new Wire.Writer();
    value.forEach(item -> value(items, 1, item, list.items(), owner));
    return items;
  }

  private static void scalar(Wire.Writer out, int number, JsonNode value, Schema.Scalar scalar) {
    switch (scalar.type()) {
      case STRING -> {
        switch (scalar.format()) {
          case "byte" -> out.bytes(number, Base64.getDecoder().decode(value.asText()));
          case "date-time", "date-time-micro" -> out.message(number, time(value.asText()));
          default -> out.text(number, value.asText());
        }
      }
      case INTEGER -> out.number(number, value.asLong());
      case BOOLEAN -> out.number(number, value.asBoolean() ? 1 : 0);
      case NUMBER -> out.fixed64(number, Double.doubleToRawLongBits(value.asDouble()));
      case INT_OR_STRING -> {
        Wire.Writer inner = new Wire.Writer();
        inner.number(1, value.isNumber() ? 0 : 1);
        inner.number(2, value.isNumber() ? value.asLong() : 0);
        inner.text(3, value.isNumber() ? "" : value.asText());
        out.message(number, inner);
      }
      case QUANTITY -> {
        Wire.Writer inner = new Wire.Writer();
        inner.text(1, value.asText());
        out.message(number, inner);
      }
    }
  }

  private static Wire.Writer time(String text) {
    Instant instant = OffsetDateTime.parse(text).toInstant();
    Wire.Writer inner = new Wire.Writer();
    inner.number(1, instant.getEpochSecond());
    inner.number(2, instant.getNano());
    return inner;
  }

  private static void any(
      Wire.Writer out, int number, JsonNode value, Schema.Wire wire, Schema.Struct owner) {
    Wire.Writer inner = new Wire.Writer();
    switch (wire) {
      case RAW, NONE -> inner.bytes(1, value.toString().getBytes(StandardCharsets.UTF_8));
      case SCHEMA_OR_BOOL -> {
        inner.number(1, value.isObject() || value.asBoolean() ? 1 : 0);
        if (value.isObject()) {
          inner.message(2, message(value, owner));
        }
      }
      case SCHEMA_OR_ARRAY, SCHEMA_OR_STRINGS -> {
        if (value.isObject()) {
          inner.message(1, message(value, owner));
        }
        for (JsonNode each : value.isArray() ? value : MissingNode.getInstance()) {
          if (each.isTextual()) {
            inner.text(2, each.asText());
          } else {
            inner.message(2, message(each, owner));
          }
        }
      }
    }
    out.message(number, inner);
  }
}
