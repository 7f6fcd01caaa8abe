// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.validate;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.schema.codec.GoText;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// What is wrong with one field, worded as `field.Error` of Kubernetes.
///
/// @param value the offending value as it is printed, or null where none is shown
public record FieldError(Type type, String field, @Nullable String value, String detail) {

  /// The kinds of errors, with the reason of their `StatusCause` and the word they are printed
  /// with.
  public enum Type {
    REQUIRED("FieldValueRequired", "Required value"),
    INVALID("FieldValueInvalid", "Invalid value"),
    NOT_SUPPORTED("FieldValueNotSupported", "Unsupported value"),
    DUPLICATE("FieldValueDuplicate", "Duplicate value"),
    FORBIDDEN("FieldValueForbidden", "Forbidden"),
    NOT_FOUND("FieldValueNotFound", "Not found"),
    TOO_LONG("FieldValueTooLong", "Too long"),
    TYPE_INVALID("FieldValueTypeInvalid", "Invalid value"),
    TOO_MANY("FieldValueTooMany", "Too many"),
    INTERNAL("InternalError", "Internal error");

    private final String reason;
    private final String words;

    Type(String reason, String words) {
      this.reason = reason;
      this.words = words;
    }

    public String reason() {
      return reason;
    }
  }

  public static FieldError required(String field, String detail) {
    return new FieldError(Type.REQUIRED, field, null, detail);
  }

  public static FieldError invalid(String field, JsonNode value, String detail) {
    return new FieldError(Type.INVALID, field, shown(value), detail);
  }

  public static FieldError invalid(String field, String value, String detail) {
    return new FieldError(Type.INVALID, field, quote(value), detail);
  }

  public static FieldError forbidden(String field, String detail) {
    return new FieldError(Type.FORBIDDEN, field, null, detail);
  }

  public static FieldError duplicate(String field, String value) {
    return new FieldError(Type.DUPLICATE, field, quote(value), "");
  }

  public static FieldError notFound(String field, String value) {
    return new FieldError(Type.NOT_FOUND, field, quote(value), "");
  }

  public static FieldError tooLong(String field, int bytesMax) {
    String unit = bytesMax == 1 ? " byte" : " bytes";
    return new FieldError(Type.TOO_LONG, field, null, "may not be more than " + bytesMax + unit);
  }

  /// Of a list or map of `actual` items.
  public static FieldError tooMany(String field, int actual, int most) {
    String detail = "must have at most " + most + (most == 1 ? " item" : " items");
    return new FieldError(Type.TOO_MANY, field, String.valueOf(actual), detail);
  }

  /// Of what could not be checked.
  public static FieldError internal(String field, String detail) {
    return new FieldError(Type.INTERNAL, field, null, detail);
  }

  /// Of a value that is not of the type of its field.
  ///
  /// @param shown what is printed as the value
  public static FieldError typeInvalid(String field, String shown, String detail) {
    return new FieldError(Type.TYPE_INVALID, field, quote(shown), detail);
  }

  public static FieldError typeInvalid(String field, JsonNode shown, String detail) {
    return new FieldError(Type.TYPE_INVALID, field, shown.toString(), detail);
  }

  public static FieldError notSupported(String field, String value, List<String> supported) {
    String list = supported.stream().map(FieldError::quote).collect(Collectors.joining(", "));
    return new FieldError(Type.NOT_SUPPORTED, field, quote(value), "supported values: " + list);
  }

  /// The same for a value that is no text.
  public static FieldError notSupported(String field, JsonNode value, List<String> supported) {
    String shown = value.isNull() ? "\"\"" : shown(value);
    String list = supported.stream().map(FieldError::quote).collect(Collectors.joining(", "));
    return new FieldError(Type.NOT_SUPPORTED, field, shown, "supported values: " + list);
  }

  private static String shown(JsonNode value) {
    return value.isTextual() ? quote(value.asText()) : value.toString();
  }

  /// A text as Go prints it in quotes.
  public static String quote(String text) {
    return GoText.quoted(text);
  }

  /// The message without the field, as a `StatusCause` has it.
  public String message() {
    StringBuilder text = new StringBuilder(type.words);
    if (value != null) {
      text.append(": ").append(value);
    }
    if (!detail.isEmpty()) {
      text.append(": ").append(detail);
    }
    return text.toString();
  }

  @Override
  public String toString() {
    return field + ": " + message();
  }

  /// Several errors as one message: one as it is, more in brackets.
  public static String aggregate(List<FieldError> errors) {
    List<String> distinct = errors.stream().map(FieldError::toString).distinct().toList();
    return distinct.size() == 1 ? distinct.getFirst() : "[" + String.join(", ", distinct) + "]";
  }
}
