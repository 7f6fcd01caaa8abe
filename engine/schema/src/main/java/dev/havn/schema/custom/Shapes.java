// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.custom;

import dev.havn.schema.Schema;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Structural schemas as the types that the rest of Havn works with: for merges, ownership of
/// fields and columns. Empty values are kept: nothing is known of what they mean.
final class Shapes {
  private static final Schema TEXT = new Schema.Scalar(Schema.ScalarType.STRING, "", List.of(), "");

  private final Schema.Struct metadata;

  /// @param metadata `ObjectMeta`
  private Shapes(Schema.Struct metadata) {
    this.metadata = metadata;
  }

  /// @param name of the definition in OpenAPI
  static Schema.Struct of(String name, Structural schema, Schema.Struct metadata) {
    return new Shapes(metadata).struct(name, schema, true);
  }

  private Schema.Struct struct(String name, Structural schema, boolean resource) {
    Map<String, Schema.Field> fields = new TreeMap<>();
    for (Map.Entry<String, Structural> each : schema.properties().entrySet()) {
      Structural below = each.getValue();
      Schema shape = shape(name + "." + each.getKey(), below);
      fields.put(each.getKey(), field(each.getKey(), shape, below));
    }
    if (resource) {
      fields.put("apiVersion", field("apiVersion", TEXT, null));
      fields.put("kind", field("kind", TEXT, null));
      fields.put("metadata", field("metadata", metadata, null));
    }
    return new Schema.Struct(name)
        .complete(
            Collections.unmodifiableMap(fields),
            schema.atomic(),
            schema.preserve() || schema.open());
  }

  private static Schema.Field field(String name, Schema shape, @Nullable Structural schema) {
    return new Schema.Field(
        name,
        shape,
        false,
        0,
        List.of(),
        schema == null ? null : schema.defaultValue(),
        Schema.PatchStrategy.NONE,
        null,
        Schema.Zero.KEPT);
  }

  private Schema shape(String name, Structural schema) {
    if (schema.intOrString()) {
      return scalar(Schema.ScalarType.INT_OR_STRING, "");
    }
    String format = schema.source().path("format").asText("");
    return switch (schema.type()) {
      case "object" ->
          schema.additional() == null || schema.embedded()
              ? struct(name, schema, schema.embedded())
              : new Schema.MapOf(shape(name, schema.additional()), schema.atomic());
      case "array" ->
          schema.items() == null
              ? new Schema.Any(Schema.Wire.NONE)
              : new Schema.ListOf(shape(name, schema.items()), listType(schema), schema.keys());
      case "string" -> scalar(Schema.ScalarType.STRING, "");
      case "boolean" -> scalar(Schema.ScalarType.BOOLEAN, "");
      case "integer" -> scalar(Schema.ScalarType.INTEGER, format.isEmpty() ? "int64" : format);
      case "number" -> scalar(Schema.ScalarType.NUMBER, format);
      default -> new Schema.Any(Schema.Wire.NONE);
    };
  }

  private static Schema scalar(Schema.ScalarType type, String format) {
    return new Schema.Scalar(type, format, List.of(), "");
  }

  private static Schema.ListType listType(Structural schema) {
    return switch (schema.listType()) {
      case "set" -> Schema.ListType.SET;
      case "map" -> Schema.ListType.MAP;
      default -> Schema.ListType.ATOMIC;
    };
  }
}
