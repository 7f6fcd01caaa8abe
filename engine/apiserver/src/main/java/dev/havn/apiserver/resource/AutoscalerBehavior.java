// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// How fast an autoscaler scales, between `autoscaling/v2` and the annotation of `autoscaling/v1`,
/// where the fields carry the names of Go and are all there.
final class AutoscalerBehavior {
  private static final List<String> SIDES = List.of("ScaleUp", "ScaleDown");
  private static final List<String> RULES =
      List.of("StabilizationWindowSeconds", "SelectPolicy", "Policies", "Tolerance");
  private static final List<String> POLICY = List.of("Type", "Value", "PeriodSeconds");

  private AutoscalerBehavior() {}

  private static String lower(String name) {
    return name.substring(0, 1).toLowerCase(Locale.ROOT) + name.substring(1);
  }

  static ObjectNode toOld(ObjectNode behavior) {
    ObjectNode old = JsonNodeFactory.instance.objectNode();
    for (String side : SIDES) {
      old.set(side, old(behavior.path(lower(side)), RULES));
    }
    return old;
  }

  private static JsonNode old(JsonNode now, List<String> fields) {
    if (!now.isObject()) {
      return JsonNodeFactory.instance.nullNode();
    }
    ObjectNode then = JsonNodeFactory.instance.objectNode();
    for (String field : fields) {
      JsonNode value = now.path(lower(field));
      if (field.equals("Policies") && value.isArray()) {
        value.forEach(each -> then.withArrayProperty(field).add(old(each, POLICY)));
      } else {
        then.set(field, value.isMissingNode() ? JsonNodeFactory.instance.nullNode() : value);
      }
    }
    return then;
  }

  static ObjectNode toStored(JsonNode old) {
    return stored(old, SIDES);
  }

  /// Names are known whatever their case.
  private static ObjectNode stored(JsonNode then, List<String> fields) {
    ObjectNode now = JsonNodeFactory.instance.objectNode();
    for (Map.Entry<String, JsonNode> each : then.properties()) {
      for (String field : fields) {
        if (field.equalsIgnoreCase(each.getKey()) && !each.getValue().isNull()) {
          set(now, field, each.getValue());
        }
      }
    }
    return now;
  }

  private static void set(ObjectNode now, String field, JsonNode value) {
    if (SIDES.contains(field)) {
      now.set(lower(field), stored(value, RULES));
    } else if (field.equals("Policies")) {
      value.forEach(each -> now.withArrayProperty("policies").add(stored(each, POLICY)));
    } else {
      now.set(lower(field), value);
    }
  }
}
