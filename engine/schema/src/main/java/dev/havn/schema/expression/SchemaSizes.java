// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.expression;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// How large the values that a JSON schema describes can be: as it bounds them, else as much as
/// fits into the largest request.
public final class SchemaSizes {
  /// The largest request that Kubernetes takes.
  private static final long REQUEST_BYTES_MAX = 3 << 20;

  /// A character in bytes, at most.
  private static final int CHAR_BYTES_MAX = 4;

  private final JsonNode root;

  SchemaSizes(JsonNode root) {
    this.root = root;
  }

  /// The number of items or characters of what stands at a path from a variable; null when the
  /// schema has nothing there.
  ///
  /// @param path the variable, then names of fields, `@items`, `@values` or `@keys`
  @Nullable Range of(List<String> path) {
    JsonNode schema = root;
    for (int i = 1; i < path.size(); i++) {
      String name = path.get(i);
      JsonNode below =
          switch (name) {
            case "@items", "@values" ->
                schema.path("items").isObject()
                    ? schema.path("items")
                    : schema.path("additionalProperties");
            // Kubernetes takes keys for empty.
            case "@keys" ->
                schema.path("additionalProperties").isObject()
                    ? JsonNodeFactory.instance.objectNode()
                    : schema.path("");
            default -> field(schema, name);
          };
      if (!below.isObject()) {
        return null;
      }
      schema = below;
    }
    return new Range(0, most(schema));
  }

  private static JsonNode field(JsonNode schema, String name) {
    for (Map.Entry<String, JsonNode> each : schema.path("properties").properties()) {
      if (SchemaTypes.escaped(each.getKey()).equals(name)) {
        return each.getValue();
      }
    }
    return schema.path("");
  }

  /// How often data of this schema can stand in the largest request.
  public static long timesInRequest(JsonNode schema) {
    return REQUEST_BYTES_MAX / (least(schema) + 1);
  }

  private static long most(JsonNode schema) {
    if (schema.path("x-kubernetes-int-or-string").asBoolean()) {
      return textMost(schema);
    }
    return switch (schema.path("type").asText("")) {
      case "array" ->
          bound(
              schema.path("maxItems"), (REQUEST_BYTES_MAX - 2) / (least(schema.path("items")) + 1));
      case "object" -> {
        JsonNode values = schema.path("additionalProperties");
        // A key with its quotes, a colon and a comma.
        yield values.isObject()
            ? bound(schema.path("maxProperties"), (REQUEST_BYTES_MAX - 2) / (least(values) + 6))
            : 0;
      }
      case "string" -> textMost(schema);
      default -> 0;
    };
  }

  private static long bound(JsonNode bound, long otherwise) {
    return bound.isNumber() ? Math.max(0, bound.asLong()) : otherwise;
  }

  private static long textMost(JsonNode schema) {
    JsonNode chars = schema.path("maxLength");
    return switch (schema.path("format").asText("")) {
      case "duration", "date-time" -> 32;
      case "date" -> 12;
      case "byte" -> bound(chars, REQUEST_BYTES_MAX - 2);
      default -> {
        if (chars.isNumber()) {
          yield Math.max(0, chars.asLong()) * CHAR_BYTES_MAX;
        }
        long longest = 0;
        for (JsonNode each : schema.path("enum")) {
          longest = Math.max(longest, each.asText().length());
        }
        yield schema.path("enum").isEmpty() ? REQUEST_BYTES_MAX - 2 : longest;
      }
    };
  }

  /// The length of the shortest JSON of this schema, in bytes.
  private static long least(JsonNode schema) {
    if (schema.path("x-kubernetes-int-or-string").asBoolean()) {
      return 1;
    }
    return switch (schema.path("type").asText("")) {
      case "string" ->
          switch (schema.path("format").asText("")) {
            case "duration" -> 3;
            case "date" -> 12;
            case "date-time" -> 21;
            default -> 2;
          };
      case "boolean" -> 4;
      case "integer", "number" -> 1;
      case "object" -> {
        long bytes = 2;
        for (String each : required(schema)) {
          JsonNode field = schema.path("properties").path(each);
          if (field.isObject() && !field.has("default")) {
            bytes += each.length() + least(field) + 4;
          }
        }
        yield bytes;
      }
      default -> 2;
    };
  }

  private static Set<String> required(JsonNode schema) {
    Set<String> names = new TreeSet<>();
    if (!schema.path("additionalProperties").isObject()) {
      schema.path("required").forEach(each -> names.add(each.asText()));
    }
    return names;
  }
}
