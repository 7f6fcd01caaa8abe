// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.codec;

import com.fasterxml.jackson.databind.JsonNode;

/// The words of Go's JSON decoder, which reach users through Kubernetes' errors.
public final class GoJson {
  private GoJson() {}

  /// What a value is called.
  public static String type(JsonNode value) {
    return switch (value.getNodeType()) {
      case ARRAY -> "array";
      case BOOLEAN -> "bool";
      case NUMBER -> "number";
      case STRING, BINARY -> "string";
      case OBJECT -> "object";
      case NULL, MISSING, POJO -> "null";
    };
  }

  /// A text that stands as a value.
  ///
  /// @return the text; empty for null and for nothing
  /// @throws IllegalArgumentException when it is of another type
  public static String text(JsonNode value) {
    return switch (value.getNodeType()) {
      case STRING -> value.textValue();
      case NULL, MISSING -> "";
      default -> throw mismatch(value, "string");
    };
  }

  /// The same of a boolean.
  public static boolean flag(JsonNode value) {
    return switch (value.getNodeType()) {
      case BOOLEAN -> value.booleanValue();
      case NULL, MISSING -> false;
      default -> throw mismatch(value, "bool");
    };
  }

  private static IllegalArgumentException mismatch(JsonNode value, String wanted) {
    return new IllegalArgumentException(
        "json: cannot unmarshal %s into Go value of type %s".formatted(type(value), wanted));
  }
}
