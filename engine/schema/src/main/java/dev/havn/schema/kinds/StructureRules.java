// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.schema.Schema;
import dev.havn.schema.validate.FieldError;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// What the schema alone demands: required fields, enumerations, unique keys of lists.
final class StructureRules {
  /// Fields the published model calls required although Kubernetes takes objects without them.
  private static final Set<String> REQUIRED_IN_NAME_ONLY =
      Set.of("template", "metadata", "serviceName", "status", "containers", "selector", "spec");

  private StructureRules() {}

  static void check(JsonNode object, Schema.Struct type, List<FieldError> errors) {
    struct(object, type, "", errors);
  }

  private static void struct(
      JsonNode object, Schema.Struct type, String path, List<FieldError> errors) {
    for (Schema.Field field : type.fields().values()) {
      String at = path.isEmpty() ? field.name() : path + "." + field.name();
      @Nullable JsonNode value = object.get(field.name());
      if (value == null) {
        if (field.required()
            && field.schema() instanceof Schema.Scalar scalar
            && scalar.type() == Schema.ScalarType.STRING
            && !scalar.enumeration().isEmpty()
            && !REQUIRED_IN_NAME_ONLY.contains(field.name())) {
          errors.add(FieldError.required(at, ""));
        }
      } else if (!at.equals("status") && !at.equals("metadata")) {
        value(value, field.schema(), at, errors);
      }
    }
  }

  private static void value(JsonNode value, Schema schema, String path, List<FieldError> errors) {
    switch (schema) {
      case Schema.Struct struct -> struct(value, struct, path, errors);
      case Schema.MapOf(Schema values, boolean _) -> {
        for (Map.Entry<String, JsonNode> each : value.properties()) {
          value(each.getValue(), values, path + "[" + each.getKey() + "]", errors);
        }
      }
      case Schema.ListOf list -> list(value, list, path, errors);
      case Schema.Scalar scalar -> {
        String text = value.asText();
        if (!scalar.enumeration().isEmpty()
            && value.isTextual()
            && !text.isEmpty()
            && !scalar.enumeration().contains(text)) {
          errors.add(
              FieldError.notSupported(
                  path, text, List.copyOf(new TreeSet<>(scalar.enumeration()))));
        }
      }
      case Schema.Any _ -> {}
    }
  }

  private static void list(
      JsonNode value, Schema.ListOf list, String path, List<FieldError> errors) {
    Set<JsonNode> seen = new HashSet<>();
    int index = 0;
    for (JsonNode item : value) {
      String at = path + "[" + index++ + "]";
      if (list.type() == Schema.ListType.SET && !seen.add(item)) {
        errors.add(FieldError.duplicate(at, item.asText()));
      }
      value(item, list.items(), at, errors);
    }
  }
}
