// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.custom;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.schema.validate.FieldError;
import java.util.List;

/// Whether a value is of the type that a schema says.
final class SchemaTypeCheck {
  private SchemaTypeCheck() {}

  /// The types that a schema allows; empty when it allows all.
  static List<String> types(JsonNode schema) {
    if (schema.path("x-kubernetes-int-or-string").asBoolean()) {
      return List.of("integer", "string");
    }
    String type = schema.path("type").asText("");
    return type.isEmpty() ? List.of() : List.of(type);
  }

  static void check(
      JsonNode value,
      String path,
      List<String> types,
      String format,
      JsonNode schema,
      List<FieldError> errors) {
    if (types.isEmpty() && format.isEmpty()) {
      return;
    }
    String actual = typeOf(value);
    if (value.isNull()) {
      if (!types.isEmpty() && !schema.path("nullable").asBoolean()) {
        errors.add(wrong(path, String.join(",", types), "null"));
      }
      return;
    }
    boolean numeric = types.contains("number") || types.contains("integer");
    boolean whole = types.contains("integer") && actual.equals("number") && isWhole(value);
    boolean widened = types.contains("number") && actual.equals("integer");
    boolean fits = types.contains(actual) || whole || widened;
    boolean textual = value.isTextual() || value.isArray();
    if (!textual && !format.isEmpty() && !fits) {
      errors.add(wrong(path, format, formatOf(value)));
    } else if (!fits && (numeric || format.isEmpty() || !textual)) {
      errors.add(wrong(path, String.join(",", types), actual));
    }
  }

  private static FieldError wrong(String path, String wanted, String actual) {
    return FieldError.typeInvalid(
        path, actual, "%s in body must be of type %s: \"%s\"".formatted(path, wanted, actual));
  }

  private static boolean isWhole(JsonNode value) {
    double number = value.asDouble();
    return number == Math.rint(number) && !Double.isInfinite(number);
  }

  private static String formatOf(JsonNode value) {
    return value.isIntegralNumber() ? "int64" : value.isNumber() ? "float64" : "";
  }

  private static String typeOf(JsonNode value) {
    return switch (value.getNodeType()) {
      case OBJECT -> "object";
      case ARRAY -> "array";
      case STRING, BINARY -> "string";
      case NUMBER -> value.isIntegralNumber() ? "integer" : "number";
      case BOOLEAN -> "boolean";
      case NULL, MISSING, POJO -> "null";
    };
  }
}
