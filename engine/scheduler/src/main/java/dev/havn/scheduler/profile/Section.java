// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.profile;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// A part of the file, read strictly: a field that does not exist, or has another type, is refused
/// by its path, as kube-scheduler refuses it.
///
/// @param path of the part in the file, empty for all of it
record Section(JsonNode json, String path) {
  private static final Pattern PIECE = Pattern.compile("([0-9]+(?:\\.[0-9]*)?)(h|ms|m|s|us|µs|ns)");

  /// @throws IllegalArgumentException names what does not exist
  Section(JsonNode json, String path, Set<String> fields) {
    this(json, path);
    if (!json.isMissingNode() && !json.isNull() && !json.isObject()) {
      throw new IllegalArgumentException(path + ": expected an object, not " + json);
    }
    Set<String> unknown = new TreeSet<>();
    json.fieldNames().forEachRemaining(unknown::add);
    unknown.removeAll(fields);
    if (!unknown.isEmpty()) {
      throw new IllegalArgumentException("unknown field \"" + at(unknown.iterator().next()) + "\"");
    }
  }

  String at(String field) {
    return path.isEmpty() ? field : path + "." + field;
  }

  boolean has(String field) {
    return json.hasNonNull(field);
  }

  Section part(String field, Set<String> fields) {
    return new Section(json.path(field), at(field), fields);
  }

  List<Section> list(String field, Set<String> fields) {
    JsonNode list = value(field, each -> each.isMissingNode() || each.isArray(), "a list");
    List<Section> sections = new ArrayList<>();
    for (JsonNode each : list) {
      sections.add(new Section(each, at(field) + "[" + sections.size() + "]", fields));
    }
    return sections;
  }

  private JsonNode value(String field, Predicate<JsonNode> fits, String expected) {
    JsonNode value = has(field) ? json.path(field) : MissingNode.getInstance();
    if (!fits.test(value)) {
      throw new IllegalArgumentException(
          "%s: expected %s, not %s".formatted(at(field), expected, value));
    }
    return value;
  }

  String text(String field) {
    return value(field, each -> each.isMissingNode() || each.isTextual(), "a text").asText("");
  }

  @Nullable String textOrNull(String field) {
    String text = text(field);
    return text.isEmpty() ? null : text;
  }

  boolean flag(String field, boolean otherwise) {
    return value(field, each -> each.isMissingNode() || each.isBoolean(), "true or false")
        .asBoolean(otherwise);
  }

  long number(String field, long otherwise) {
    return value(
            field,
            each -> each.isMissingNode() || each.canConvertToExactIntegral(),
            "a whole number")
        .asLong(otherwise);
  }

  /// As Go writes it, such as `1m30s`.
  Duration duration(String field, Duration otherwise) {
    String text = text(field);
    return text.isEmpty() ? otherwise : duration(at(field), text);
  }

  private static Duration duration(String path, String text) {
    Matcher pieces = PIECE.matcher(text);
    double nanos = 0;
    int end = 0;
    while (pieces.find() && pieces.start() == end) {
      nanos += Double.parseDouble(pieces.group(1)) * nanos(pieces.group(2));
      end = pieces.end();
    }
    if (end != text.length() && !text.equals("0")) {
      throw new IllegalArgumentException(
          "%s: Invalid value: \"%s\": expected a duration such as 5s or 1m30s"
              .formatted(path, text));
    }
    return Duration.ofNanos((long) nanos);
  }

  private static double nanos(String unit) {
    return switch (unit) {
      case "h" -> 3_600e9;
      case "m" -> 60e9;
      case "s" -> 1e9;
      case "ms" -> 1e6;
      case "ns" -> 1;
      default -> 1e3;
    };
  }
}
