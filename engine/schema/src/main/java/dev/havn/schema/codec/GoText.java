// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.codec;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// JSON values as Go prints them, because some messages of Kubernetes show them so.
public final class GoText {
  private GoText() {}

  /// A number that JSON does not have.
  static String number(double value) {
    return Double.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
  }

  /// A number as `%v` prints a `float64`: `1.5`, `3`, `1e+06`.
  public static String floating(double value) {
    if (Double.isNaN(value) || Double.isInfinite(value)) {
      return number(value);
    }
    if (value == 0) {
      return "0";
    }
    BigDecimal exact = new BigDecimal(Double.toString(value)).stripTrailingZeros();
    int exponent = exact.precision() - exact.scale() - 1;
    if (exponent >= -4 && exponent < 21) {
      return exact.toPlainString();
    }
    String digits = exact.unscaledValue().abs().toString();
    String fraction = digits.length() > 1 ? "." + digits.substring(1) : "";
    String sign = exact.signum() < 0 ? "-" : "";
    String size = (Math.abs(exponent) < 10 ? "0" : "") + Math.abs(exponent);
    return sign + digits.charAt(0) + fraction + "e" + (exponent < 0 ? "-" : "+") + size;
  }

  /// As `%v`: `map[a:b c:<nil>]`, `[a b]`.
  public static String plain(JsonNode value) {
    if (value.isObject()) {
      List<String> fields = new ArrayList<>();
      sorted(value).forEach((name, each) -> fields.add(name + ":" + plain(each)));
      return "map[" + String.join(" ", fields) + "]";
    } else if (value.isArray()) {
      List<String> items = new ArrayList<>();
      value.forEach(item -> items.add(plain(item)));
      return "[" + String.join(" ", items) + "]";
    }
    return value.isNull() || value.isMissingNode() ? "<nil>" : value.asText();
  }

  /// As `%#v`: `map[string]interface {}{"a":"b"}`.
  public static String syntax(JsonNode value) {
    if (value.isObject()) {
      List<String> fields = new ArrayList<>();
      sorted(value).forEach((name, each) -> fields.add("\"" + name + "\":" + syntax(each)));
      return type(value) + "{" + String.join(", ", fields) + "}";
    } else if (value.isArray()) {
      List<String> items = new ArrayList<>();
      value.forEach(item -> items.add(syntax(item)));
      return type(value) + "{" + String.join(", ", items) + "}";
    }
    return value.isNull() ? "interface {}(nil)" : value.toString();
  }

  /// As `%q`: in quotes, all that cannot be seen escaped.
  public static String quoted(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    text.codePoints().forEach(each -> quote(each, quoted));
    return quoted.append('"').toString();
  }

  private static void quote(int codePoint, StringBuilder to) {
    int known = "\"\\\u0007\b\f\n\r\t\u000b".indexOf(codePoint);
    if (known >= 0) {
      to.append('\\').append("\"\\abfnrtv".charAt(known));
    } else if (codePoint == ' ' || isVisible(codePoint)) {
      to.appendCodePoint(codePoint);
    } else if (codePoint < ' ' || codePoint == 0x7f) {
      to.append("\\x%02x".formatted(codePoint));
    } else {
      to.append((codePoint < 0x10000 ? "\\u%04x" : "\\U%08x").formatted(codePoint));
    }
  }

  /// Letters, marks, numbers, punctuation and symbols.
  private static boolean isVisible(int codePoint) {
    return switch (Character.getType(codePoint)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.PRIVATE_USE,
          Character.UNASSIGNED,
          Character.SPACE_SEPARATOR,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          false;
      default -> true;
    };
  }

  /// As `%T`.
  public static String type(JsonNode value) {
    return switch (value.getNodeType()) {
      case OBJECT -> "map[string]interface {}";
      case ARRAY -> "[]interface {}";
      case STRING, BINARY -> "string";
      case NUMBER -> value.isIntegralNumber() ? "int64" : "float64";
      case BOOLEAN -> "bool";
      case NULL, MISSING, POJO -> "<nil>";
    };
  }

  private static Map<String, JsonNode> sorted(JsonNode object) {
    Map<String, JsonNode> fields = new TreeMap<>();
    object.properties().forEach(each -> fields.put(each.getKey(), each.getValue()));
    return fields;
  }
}
