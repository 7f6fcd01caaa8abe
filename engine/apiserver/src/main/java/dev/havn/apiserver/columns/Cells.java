// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.columns;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.schema.select.SelectorText;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.StringJoiner;
import java.util.TreeMap;

/// Pieces of objects as the texts that stand in cells.
final class Cells {
  static final String NONE = "<none>";
  static final String UNSET = "<unset>";
  private static final int SHOWN_MAX = 3;
  private static final SequencedMap<String, String> MODES = modesInOrder();

  private Cells() {}

  private static SequencedMap<String, String> modesInOrder() {
    SequencedMap<String, String> modes = new LinkedHashMap<>();
    modes.put("ReadWriteOnce", "RWO");
    modes.put("ReadOnlyMany", "ROX");
    modes.put("ReadWriteMany", "RWX");
    modes.put("ReadWriteOncePod", "RWOP");
    return modes;
  }

  /// @param path names separated by dots
  static JsonNode node(JsonNode object, String path) {
    JsonNode node = object;
    for (String step : path.split("\\.")) {
      node = node.path(step);
    }
    return node;
  }

  static String at(JsonNode object, String path) {
    JsonNode node = node(object, path);
    return node.isNull() ? "" : node.asText("");
  }

  static String first(JsonNode object, String... paths) {
    for (String path : paths) {
      String text = at(object, path);
      if (!text.isEmpty()) {
        return text;
      }
    }
    return "";
  }

  static long number(JsonNode object, String path) {
    return node(object, path).asLong();
  }

  static String orNone(String text) {
    return text.isEmpty() ? NONE : text;
  }

  static String orUnset(String text) {
    return text.isEmpty() ? UNSET : text;
  }

  static String labels(JsonNode labels) {
    Map<String, String> sorted = new TreeMap<>();
    labels.properties().forEach(each -> sorted.put(each.getKey(), each.getValue().asText()));
    StringJoiner text = new StringJoiner(",");
    sorted.forEach((key, value) -> text.add(key + "=" + value));
    return orNone(text.toString());
  }

  static String selector(JsonNode selector) {
    return orNone(SelectorText.of(selector));
  }

  static String join(JsonNode list, String field) {
    StringJoiner text = new StringJoiner(",");
    list.forEach(each -> text.add(each.path(field).asText()));
    return text.toString();
  }

  static List<String> texts(JsonNode list) {
    List<String> texts = new ArrayList<>();
    list.forEach(each -> texts.add(each.asText()));
    return texts;
  }

  /// The first three, and how many more there are.
  static String some(List<String> all) {
    return all.size() <= SHOWN_MAX
        ? String.join(",", all)
        : String.join(",", all.subList(0, SHOWN_MAX))
            + " + "
            + (all.size() - SHOWN_MAX)
            + " more...";
  }

  /// The condition's status, or nothing.
  static String condition(JsonNode object, String type) {
    for (JsonNode each : object.at("/status/conditions")) {
      if (each.path("type").asText().equals(type)) {
        return each.path("status").asText();
      }
    }
    return "";
  }

  /// The phase, unless the object is on its way out.
  static String phase(JsonNode object) {
    return object.at("/metadata/deletionTimestamp").isMissingNode()
        ? at(object, "status.phase")
        : "Terminating";
  }

  /// Each mode once, in the order that Kubernetes gives them; others are not shown.
  static String modes(JsonNode modes) {
    List<String> given = texts(modes);
    StringJoiner text = new StringJoiner(",");
    MODES.forEach(
        (mode, shown) -> {
          if (given.contains(mode)) {
            text.add(shown);
          }
        });
    return text.toString();
  }
}
