// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.custom;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.IntNode;
import dev.havn.schema.codec.GoText;
import dev.havn.schema.validate.FieldError;
import java.math.BigDecimal;
import java.util.List;

/// What a schema says of numbers.
final class NumberCheck {
  private NumberCheck() {}

  static void check(
      JsonNode value,
      String path,
      List<String> types,
      String format,
      JsonNode schema,
      List<FieldError> errors) {
    range(value, path, types, format, errors);
    JsonNode multiple = schema.path("multipleOf");
    if (multiple.isNumber()) {
      multiple(value, path, multiple, errors);
    }
    JsonNode least = schema.path("minimum");
    if (least.isNumber()) {
      boolean exclusive = schema.path("exclusiveMinimum").asBoolean();
      int order = value.decimalValue().compareTo(least.decimalValue());
      if (order < 0 || exclusive && order == 0) {
        String words = exclusive ? "should be greater than" : "should be greater than or equal to";
        errors.add(bound(value, path, words, least));
      }
    }
    JsonNode most = schema.path("maximum");
    if (most.isNumber()) {
      boolean exclusive = schema.path("exclusiveMaximum").asBoolean();
      int order = value.decimalValue().compareTo(most.decimalValue());
      if (order > 0 || exclusive && order == 0) {
        String words = exclusive ? "should be less than" : "should be less than or equal to";
        errors.add(bound(value, path, words, most));
      }
    }
  }

  /// Whole numbers are divided by whole factors: what is left of a factor below 1 is none.
  private static void multiple(
      JsonNode value, String path, JsonNode multiple, List<FieldError> errors) {
    BigDecimal factor =
        value.isIntegralNumber() ? BigDecimal.valueOf(multiple.asLong()) : multiple.decimalValue();
    if (factor.signum() <= 0) {
      String words =
          "factor MultipleOf declared for %s must be positive: %s"
              .formatted(path, factor.toPlainString());
      errors.add(
          FieldError.invalid(
              path, multiple.isIntegralNumber() ? multiple : IntNode.valueOf(0), words));
    } else if (value.decimalValue().remainder(factor).signum() != 0) {
      String words = "%s in body should be a multiple of %s";
      errors.add(FieldError.invalid(path, value, words.formatted(path, shown(value, multiple))));
    }
  }

  private static FieldError bound(JsonNode value, String path, String words, JsonNode bound) {
    return FieldError.invalid(
        path, value, "%s in body %s %s".formatted(path, words, shown(value, bound)));
  }

  /// Bounds of whole numbers are printed as whole numbers.
  private static String shown(JsonNode value, JsonNode bound) {
    return value.isIntegralNumber() && bound.isIntegralNumber()
        ? bound.asText()
        : GoText.floating(bound.asDouble());
  }

  private static void range(
      JsonNode value, String path, List<String> types, String format, List<FieldError> errors) {
    boolean integer = types.equals(List.of("integer"));
    boolean fits =
        integer
            ? format.equals("int32")
                ? value.canConvertToExactIntegral() && value.canConvertToInt()
                : value.canConvertToExactIntegral() && value.canConvertToLong()
            : !format.equals("float") || Math.abs(value.asDouble()) <= Float.MAX_VALUE;
    if (!fits && (integer || format.equals("float"))) {
      errors.add(
          FieldError.invalid(
              "<nil>",
              "",
              "Checked value must be of type %s %s in %s"
                  .formatted(
                      types.getFirst(),
                      format.isEmpty() ? "(default format)" : "with format " + format,
                      path)));
    }
  }
}
