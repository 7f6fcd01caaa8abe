// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.custom;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.Schema;
import dev.havn.schema.codec.CodecException;
import dev.havn.schema.kinds.Rules;
import dev.havn.schema.validate.FieldError;
import dev.havn.schema.validate.Structure;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Whole resources that stand in fields of custom ones.
final class Embedded {
  private static final String UNKNOWN = "unknown field \"";
  private static final String DUPLICATE = "duplicate field \"";

  private Embedded() {}

  /// Fits metadata, in place.
  ///
  /// @return paths of unknown fields
  static List<String> metadata(ObjectNode fields, Schema.Struct type, String path) {
    List<String> paths = new ArrayList<>();
    for (String problem : Structure.fit(fields, type)) {
      String field = problem.replace(UNKNOWN, "").replace(DUPLICATE, "");
      paths.add(path + "." + field.substring(0, field.length() - 1));
    }
    return paths;
  }

  /// Fits the metadata of embedded resources, in place.
  ///
  /// @param unknown gets paths of unknown fields
  static void fit(
      JsonNode value,
      @Nullable Structural schema,
      Schema.Struct type,
      String path,
      List<String> unknown) {
    if (schema == null) {
      return;
    }
    if (value instanceof ObjectNode object) {
      if (schema.embedded()) {
        checkType(object, path);
      }
      for (Map.Entry<String, JsonNode> each : object.properties()) {
        String at = path.isEmpty() ? each.getKey() : path + "." + each.getKey();
        if (schema.embedded() && each.getKey().equals("metadata")) {
          if (!(each.getValue() instanceof ObjectNode fields)) {
            throw new CodecException(at + ": invalid metadata: expected object");
          }
          unknown.addAll(metadata(fields, type, at));
        } else {
          fit(each.getValue(), schema.below(each.getKey()), type, at, unknown);
        }
      }
    } else if (value.isArray()) {
      for (int i = 0; i < value.size(); i++) {
        fit(value.get(i), schema.items(), type, path + "[" + i + "]", unknown);
      }
    }
  }

  private static void checkType(ObjectNode object, String path) {
    for (String field : List.of("apiVersion", "kind")) {
      if (object.has(field) && !object.get(field).isTextual()) {
        throw new CodecException(
            FieldError.invalid(path + "." + field, object.get(field), "must be a string")
                .toString());
      }
    }
  }

  /// What is wrong with embedded resources.
  static void check(
      JsonNode value, @Nullable Structural schema, String path, List<FieldError> errors) {
    if (schema == null) {
      return;
    }
    if (value.isObject()) {
      if (schema.embedded()) {
        errors.addAll(Rules.ofEmbedded(value, path));
      }
      for (Map.Entry<String, JsonNode> each : value.properties()) {
        String name = each.getKey();
        boolean named = schema.properties().containsKey(name);
        String at = !named ? path + "[" + name + "]" : path.isEmpty() ? name : path + "." + name;
        check(each.getValue(), schema.below(name), at, errors);
      }
    } else if (value.isArray()) {
      for (int i = 0; i < value.size(); i++) {
        check(value.get(i), schema.items(), path + "[" + i + "]", errors);
      }
    }
  }
}
