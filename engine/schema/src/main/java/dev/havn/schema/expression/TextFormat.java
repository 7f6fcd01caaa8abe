// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.expression;

import dev.cel.common.values.NullValue;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.StringJoiner;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// `'%s of %d'.format([...])`.
final class TextFormat {
  private static final Pattern CLAUSE = Pattern.compile("%(?:\\.([0-9]{1,3}))?(.)", Pattern.DOTALL);

  private TextFormat() {}

  static String format(String text, List<?> values) {
    Matcher clause = CLAUSE.matcher(text);
    StringBuilder result = new StringBuilder();
    int next = 0;
    while (clause.find()) {
      String shown = "%";
      if (!clause.group(2).equals("%")) {
        if (next == values.size()) {
          throw new IllegalArgumentException("index " + next + " out of range");
        }
        int precision = clause.group(1) == null ? 6 : Integer.parseInt(clause.group(1));
        shown = one(clause.group(2), precision, values.get(next++));
      }
      clause.appendReplacement(result, Matcher.quoteReplacement(shown));
      if (result.length() > Meter.CHARS_MAX) {
        throw new Meter.ExceededException();
      }
    }
    return clause.appendTail(result).toString();
  }

  private static String one(String verb, int precision, Object value) {
    return switch (verb) {
      case "s" -> shown(value);
      case "d" -> value instanceof Long ? value.toString() : shown(value);
      case "f" -> String.format(Locale.ROOT, "%." + precision + "f", number(value));
      case "e" -> String.format(Locale.ROOT, "%." + precision + "e", number(value));
      case "b" ->
          value instanceof Boolean flag ? (flag ? "1" : "0") : Long.toString(whole(value), 2);
      case "o" -> Long.toString(whole(value), 8);
      case "x" -> hexadecimal(value);
      case "X" -> hexadecimal(value).toUpperCase(Locale.ROOT);
      default ->
          throw new IllegalArgumentException(
              "could not parse formatting clause: unrecognized formatting clause \"%s\""
                  .formatted(verb));
    };
  }

  private static double number(Object value) {
    if (value instanceof Number number) {
      return number.doubleValue();
    }
    throw new IllegalArgumentException("error during formatting: no number: " + shown(value));
  }

  private static long whole(Object value) {
    if (value instanceof Long number) {
      return number;
    }
    throw new IllegalArgumentException(
        "error during formatting: only integers can be formatted so: " + shown(value));
  }

  private static String hexadecimal(Object value) {
    if (value instanceof String text) {
      StringBuilder digits = new StringBuilder();
      for (byte each : text.getBytes(java.nio.charset.StandardCharsets.UTF_8)) {
        digits.append(String.format("%02x", each));
      }
      return digits.toString();
    }
    return Long.toString(whole(value), 16);
  }

  private static String shown(Object value) {
    return switch (value) {
      case NullValue _ -> "null";
      case Double number ->
          number == Math.rint(number) && Math.abs(number) < 1e15
              ? BigDecimal.valueOf(number)
                  .setScale(0, java.math.RoundingMode.UNNECESSARY)
                  .toString()
              : number.toString();
      case Instant time -> time.toString();
      case Duration duration ->
          BigDecimal.valueOf(duration.toNanos(), 9).stripTrailingZeros().toPlainString() + "s";
      case List<?> list -> {
        StringJoiner items = new StringJoiner(", ", "[", "]");
        list.forEach(item -> items.add(shown(item)));
        yield items.toString();
      }
      case Map<?, ?> map -> {
        StringJoiner entries = new StringJoiner(", ", "{", "}");
        Map<String, Object> sorted = new TreeMap<>();
        map.forEach((key, each) -> sorted.put(shown(key), each));
        sorted.forEach((key, each) -> entries.add(key + ": " + shown(each)));
        yield entries.toString();
      }
      default -> value.toString();
    };
  }
}
