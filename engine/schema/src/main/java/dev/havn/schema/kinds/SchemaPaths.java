// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Paths into the schema of a custom resource: `.spec.names['a.b']`.
final class SchemaPaths {
  private static final Pattern STEP = Pattern.compile("\\.([^.\\[]+)|\\['([^']*)'\\]");
  private static final Pattern PLAIN = Pattern.compile("\\.([^.\\[]*)");
  private static final List<String> SELECTABLE = List.of("string", "boolean", "integer");
  private static final int SELECTABLE_MAX = 8;

  private SchemaPaths() {}

  /// Whether a path leads from a schema to one that is part of it, but not into a list.
  static boolean leads(JsonNode schema, String path) {
    Matcher matcher = STEP.matcher(path);
    JsonNode at = schema;
    int end = 0;
    while (end < path.length()) {
      if (!matcher.find(end) || matcher.start() != end) {
        return false;
      }
      at = below(at, matcher.group(1) == null ? matcher.group(2) : matcher.group(1));
      end = matcher.end();
    }
    return !at.isMissingNode();
  }

  private static JsonNode below(JsonNode schema, String name) {
    JsonNode property = schema.path("properties").path(name);
    if (!property.isMissingNode()) {
      return property;
    }
    JsonNode any = schema.path("additionalProperties");
    return any.isObject() ? any : MissingNode.getInstance();
  }

  /// The fields by which objects can be chosen (KEP-4358).
  static void selectable(At fields, JsonNode schema) {
    Set<String> seen = new HashSet<>();
    for (At each : fields.items()) {
      At path = each.at("jsonPath");
      if (!path.needs()) {
        continue;
      }
      String problem = problem(path.text(), schema);
      if (!problem.isEmpty()) {
        path.invalidText(problem);
      } else if (!seen.add(path.text())) {
        path.duplicate();
      }
    }
    if (seen.size() > SELECTABLE_MAX) {
      fields.holdsAtMost(SELECTABLE_MAX);
    }
  }

  private static String problem(String path, JsonNode schema) {
    if (path.contains("[")) {
      return "is an invalid path: array notation is not allowed";
    } else if (!path.startsWith(".")) {
      return "is an invalid path: expected [ or . but got: " + path.split("\\.", 2)[0];
    } else if (path.endsWith(".")) {
      return "is an invalid path: unexpected end of JSON path";
    }
    Matcher matcher = PLAIN.matcher(path);
    JsonNode at = schema;
    while (matcher.find()) {
      at = below(at, matcher.group(1));
    }
    if (at.isMissingNode()) {
      return "is an invalid path: does not refer to a valid field";
    }
    return SELECTABLE.contains(at.path("type").asText(""))
        ? ""
        : "must point to a field of type string, boolean or integer. Enum string fields and strings"
            + " with formats are allowed.";
  }
}
