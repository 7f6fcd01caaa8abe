// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.expression;

import com.fasterxml.jackson.databind.JsonNode;
import dev.cel.common.values.CelByteString;
import dev.cel.common.values.NullValue;
import dev.havn.schema.codec.GoDuration;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Values of custom objects as expressions see them, by the types of [SchemaTypes].
public final class SchemaValues {
  private SchemaValues() {}

  /// @param root whether the value is a whole resource
  public static Object of(JsonNode value, JsonNode schema, boolean root) {
    return convert(value, schema, root || isEmbedded(schema));
  }

  private static boolean isEmbedded(JsonNode schema) {
    return schema.path("x-kubernetes-embedded-resource").asBoolean();
  }

  private static Object convert(JsonNode value, JsonNode schema, boolean resource) {
    return switch (value.getNodeType()) {
      case NULL, MISSING -> NullValue.NULL_VALUE;
      case BOOLEAN -> value.asBoolean();
      case NUMBER ->
          schema.path("type").asText("").equals("number") || !value.isIntegralNumber()
              ? (Object) value.asDouble()
              : (Object) value.asLong();
      case STRING, BINARY -> text(value.asText(), schema.path("format").asText(""));
      case ARRAY -> {
        List<Object> items = new ArrayList<>(value.size());
        value.forEach(item -> items.add(of(item, schema.path("items"), false)));
        yield items;
      }
      case OBJECT, POJO -> object(value, schema, resource);
    };
  }

  private static Map<String, Object> object(JsonNode value, JsonNode schema, boolean resource) {
    Map<String, Object> fields = new LinkedHashMap<>();
    JsonNode additional = schema.path("additionalProperties");
    JsonNode properties = schema.path("properties");
    for (Map.Entry<String, JsonNode> each : value.properties()) {
      String name = each.getKey();
      if (additional.isObject()) {
        fields.put(name, of(each.getValue(), additional, false));
      } else if (properties.has(name)) {
        fields.put(SchemaTypes.escaped(name), of(each.getValue(), properties.path(name), false));
      }
    }
    if (resource) {
      for (String name : List.of("apiVersion", "kind")) {
        if (value.has(name)) {
          fields.put(name, value.path(name).asText());
        }
      }
      Map<String, Object> metadata = new LinkedHashMap<>();
      for (String name : List.of("name", "generateName")) {
        if (value.path("metadata").has(name)) {
          metadata.put(name, value.path("metadata").path(name).asText());
        }
      }
      fields.put("metadata", metadata);
    }
    return fields;
  }

  /// A text in the type of its format; one that has not its format stays a text.
  private static Object text(String text, String format) {
    try {
      return switch (format) {
        case "byte" -> CelByteString.of(Base64.getDecoder().decode(text));
        case "date" -> LocalDate.parse(text).atStartOfDay(ZoneOffset.UTC).toInstant();
        case "date-time" -> OffsetDateTime.parse(text).toInstant();
        case "duration" -> GoDuration.parse(text).<Object>map(duration -> duration).orElse(text);
        default -> text;
      };
    } catch (DateTimeException | IllegalArgumentException notInItsFormat) {
      return text;
    }
  }

  /// The same of what may be absent.
  public static Optional<Object> optional(
      @org.jspecify.annotations.Nullable JsonNode value, JsonNode schema, boolean root) {
    return value == null ? Optional.empty() : Optional.of(of(value, schema, root));
  }
}
