// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;

/// Metrics of an autoscaler, wanted and current, between `autoscaling/v2` and the form that they
/// have in annotations of `autoscaling/v1`.
final class AutoscalerMetrics {
  /// A field in both forms.
  ///
  /// @param now its path in version 2; `SIDE` stands for `target` or `current`
  /// @param then its name in the annotation; `side` stands for the same
  private record Field(String now, String then) {
    String nowOf(String side) {
      return now.replace("SIDE", side);
    }

    String thenOf(String side) {
      return then.replace("side", side);
    }
  }

  private static final Field NAME = new Field("/name", "name");
  private static final Field METRIC = new Field("/metric/name", "metricName");
  private static final Field UTILIZATION =
      new Field("/SIDE/averageUtilization", "sideAverageUtilization");
  private static final Field AVERAGE = new Field("/SIDE/averageValue", "sideAverageValue");
  private static final Field VALUE = new Field("/SIDE/value", "sideValue");

  /// In the order in which Kubernetes writes them.
  private static final Map<String, List<Field>> FIELDS =
      Map.of(
          "resource", List.of(NAME, UTILIZATION, AVERAGE),
          "containerResource",
              List.of(NAME, UTILIZATION, AVERAGE, new Field("/container", "container")),
          "pods", List.of(METRIC, AVERAGE, new Field("/metric/selector", "selector")),
          "object",
              List.of(
                  new Field("/describedObject", "target"),
                  METRIC,
                  VALUE,
                  new Field("/metric/selector", "selector"),
                  new Field("/SIDE/averageValue", "averageValue")),
          "external",
              List.of(METRIC, new Field("/metric/selector", "metricSelector"), VALUE, AVERAGE));

  private static final List<String> REFERENCE = List.of("kind", "name", "apiVersion");

  private AutoscalerMetrics() {}

  /// @param side `target` or `current`
  static ObjectNode toOld(JsonNode metric, String side) {
    ObjectNode old = JsonNodeFactory.instance.objectNode();
    old.set("type", metric.path("type"));
    FIELDS.forEach(
        (source, fields) -> {
          if (metric.get(source) instanceof ObjectNode now) {
            ObjectNode then = old.putObject(source);
            for (Field field : fields) {
              JsonNode value = now.at(field.nowOf(side));
              if (value.isMissingNode() && isAlwaysThere(source, field, side)) {
                then.put(field.thenOf(side), "0");
              } else if (!value.isMissingNode()) {
                then.set(field.thenOf(side), ordered(field, value));
              }
            }
          }
        });
    return old;
  }

  /// Amounts that are no pointers in Kubernetes' form and therefore zero where they are not.
  private static boolean isAlwaysThere(String source, Field field, String side) {
    boolean value = field.equals(VALUE);
    boolean current = side.equals("current");
    boolean external = source.equals("external") && current;
    boolean average = field.equals(AVERAGE) && current && !source.equals("external");
    return average || value && (source.equals("object") || external);
  }

  private static JsonNode ordered(Field field, JsonNode value) {
    if (!field.now.equals("/describedObject")) {
      return value;
    }
    ObjectNode reference = JsonNodeFactory.instance.objectNode();
    for (String each : REFERENCE) {
      if (value.has(each)) {
        reference.set(each, value.get(each));
      }
    }
    return reference;
  }

  static ObjectNode toStored(JsonNode old, String side) {
    ObjectNode metric = JsonNodeFactory.instance.objectNode();
    metric.set("type", JsonNodeFactory.instance.textNode(old.path("type").asText("")));
    FIELDS.forEach(
        (source, fields) -> {
          if (old.get(source) instanceof ObjectNode then) {
            ObjectNode now = metric.putObject(source);
            for (Field field : fields) {
              JsonNode value = then.path(field.thenOf(side));
              if (!value.isMissingNode() && !value.isNull()) {
                put(now, field.nowOf(side), value);
              }
            }
            finish(source, side, now);
          }
        });
    return metric;
  }

  private static void put(ObjectNode object, String path, JsonNode value) {
    String[] names = path.substring(1).split("/");
    ObjectNode at = object;
    for (int i = 0; i < names.length - 1; i++) {
      at = at.withObjectProperty(names[i]);
    }
    at.set(names[names.length - 1], value);
  }

  /// What a target is compared with is a field of its own in version 2.
  private static void finish(String source, String side, ObjectNode metric) {
    ObjectNode amounts = metric.withObjectProperty(side);
    if (!side.equals("target")) {
      return;
    }
    boolean average = amounts.has("averageValue");
    if (average && source.equals("object")) {
      amounts.remove("value");
    }
    amounts.put(
        "type",
        amounts.has("averageUtilization")
            ? "Utilization"
            : average || !amounts.has("value") ? "AverageValue" : "Value");
  }
}
