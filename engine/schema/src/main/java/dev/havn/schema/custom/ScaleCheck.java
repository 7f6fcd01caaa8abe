// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.custom;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.codec.GoText;
import dev.havn.schema.validate.FieldError;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Whether the fields that a scale shows are what a scale can show.
final class ScaleCheck {
  private ScaleCheck() {}

  static void ofSpec(
      ObjectNode object, CustomResource.@Nullable Scale scale, List<FieldError> errors) {
    if (scale != null) {
      replicas(object, scale.replicas(), errors);
    }
  }

  static void ofStatus(
      ObjectNode object, CustomResource.@Nullable Scale scale, List<FieldError> errors) {
    if (scale == null) {
      return;
    }
    replicas(object, scale.statusReplicas(), errors);
    if (scale.selector().isEmpty()) {
      return;
    }
    String problem = problem(object, scale.selector(), "string");
    if (!problem.isEmpty()) {
      errors.add(FieldError.invalid(scale.selector(), "", problem));
    }
  }

  private static void replicas(ObjectNode object, String path, List<FieldError> errors) {
    String problem = problem(object, path, "int64");
    JsonNode value = at(object, path);
    if (!problem.isEmpty()) {
      errors.add(FieldError.invalid(path, object.numberNode(0), problem));
    } else if (value.asLong() < 0) {
      errors.add(FieldError.invalid(path, value, "should be a non-negative integer"));
    } else if (value.asLong() > Integer.MAX_VALUE) {
      String detail = "should be less than or equal to " + Integer.MAX_VALUE;
      errors.add(FieldError.invalid(path, value, detail));
    }
  }

  /// What keeps a path from leading to a value of a type; empty when nothing does, or there is
  /// none.
  ///
  /// @param type as Go calls it
  private static String problem(JsonNode object, String path, String type) {
    JsonNode node = object;
    for (String step : path.substring(1).split("\\.")) {
      if (!node.isObject()) {
        return wrong(path, node, "map[string]interface{}");
      }
      if (!node.has(step)) {
        return "";
      }
      node = node.get(step);
    }
    return GoText.type(node).equals(type) ? "" : wrong(path, node, type);
  }

  private static String wrong(String path, JsonNode value, String expected) {
    return "%s accessor error: %s is of the type %s, expected %s"
        .formatted(path, GoText.plain(value), GoText.type(value), expected);
  }

  /// The value at a path that begins with a dot.
  static JsonNode at(JsonNode object, String path) {
    if (path.isEmpty()) {
      return MissingNode.getInstance();
    }
    JsonNode node = object;
    for (String step : path.substring(1).split("\\.")) {
      node = node.path(step);
    }
    return node;
  }
}
