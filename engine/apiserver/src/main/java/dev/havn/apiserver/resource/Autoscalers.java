// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.codec.Numbers;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// HorizontalPodAutoscalers between `autoscaling/v2`, as they are stored, and `autoscaling/v1`,
/// which has a field for the use of CPU only: everything else is kept in annotations, so that a
/// client of version 1 loses nothing that it writes back.
final class Autoscalers {
  private static final String PREFIX = "autoscaling.alpha.kubernetes.io/";
  private static final String METRICS = PREFIX + "metrics";
  private static final String BEHAVIOR = PREFIX + "behavior";
  private static final String CONDITIONS = PREFIX + "conditions";
  private static final String CURRENT = PREFIX + "current-metrics";
  private static final List<String> CONDITION =
      List.of("type", "status", "lastTransitionTime", "reason", "message");
  private static final int CPU_PERCENT = 80;
  private static final ObjectMapper JSON = new ObjectMapper();

  private Autoscalers() {}

  /// A stored autoscaler as version 1; changes its argument.
  static void toOld(ObjectNode object) {
    if (object.get("spec") instanceof ObjectNode spec) {
      ArrayNode others = JsonNodeFactory.instance.arrayNode();
      for (JsonNode metric : spec.path("metrics")) {
        JsonNode use = useOfCpu(metric, "target");
        if (use.isMissingNode()) {
          others.add(AutoscalerMetrics.toOld(metric, "target"));
        } else if (!spec.has("targetCPUUtilizationPercentage")) {
          spec.set("targetCPUUtilizationPercentage", use);
        }
      }
      annotate(object, METRICS, others);
      if (spec.get("behavior") instanceof ObjectNode behavior) {
        annotate(object, BEHAVIOR, AutoscalerBehavior.toOld(behavior));
      }
      spec.remove("metrics");
      spec.remove("behavior");
    }
    if (object.get("status") instanceof ObjectNode status) {
      ArrayNode current = JsonNodeFactory.instance.arrayNode();
      for (JsonNode metric : status.path("currentMetrics")) {
        current.add(AutoscalerMetrics.toOld(metric, "current"));
        JsonNode use = useOfCpu(metric, "current");
        if (!use.isMissingNode() && !status.has("currentCPUUtilizationPercentage")) {
          status.set("currentCPUUtilizationPercentage", use);
        }
      }
      annotate(object, CURRENT, current);
      annotate(object, CONDITIONS, conditions(status.path("conditions")));
      status.remove("currentMetrics");
      status.remove("conditions");
      if (!status.has("currentReplicas")) {
        status.put("currentReplicas", 0);
      }
    }
  }

  /// The percentage in a metric of CPU, missing in any other.
  ///
  /// @param side `target` or `current`
  private static JsonNode useOfCpu(JsonNode metric, String side) {
    JsonNode resource = metric.path("resource");
    boolean cpu =
        metric.path("type").asText().equals("Resource")
            && resource.path("name").asText().equals("cpu");
    return (cpu ? resource : JsonNodeFactory.instance.missingNode())
        .path(side)
        .path("averageUtilization");
  }

  private static ArrayNode conditions(JsonNode conditions) {
    ArrayNode ordered = JsonNodeFactory.instance.arrayNode();
    for (JsonNode each : conditions) {
      ObjectNode condition = ordered.addObject();
      for (String field : CONDITION) {
        if (each.has(field)) {
          condition.set(field, each.get(field));
        }
      }
    }
    return ordered;
  }

  private static void annotate(ObjectNode object, String key, JsonNode value) {
    if (!value.isEmpty()) {
      object
          .withObjectProperty("metadata")
          .withObjectProperty("annotations")
          .put(key, value.toString());
    }
  }

  /// Whether more than version 1 has stands in annotations.
  static boolean isAnnotated(ObjectNode object) {
    JsonNode annotations = object.path("metadata").path("annotations");
    return annotations.has(METRICS)
        || annotations.has(BEHAVIOR)
        || annotations.has(CONDITIONS)
        || annotations.has(CURRENT);
  }

  /// An autoscaler of version 1 as it is stored; changes its argument. Annotations that cannot be
  /// read are dropped, as with Kubernetes.
  static void toStored(ObjectNode object) {
    JsonNode metrics = taken(object, METRICS);
    JsonNode behavior = taken(object, BEHAVIOR);
    JsonNode conditions = taken(object, CONDITIONS);
    JsonNode current = taken(object, CURRENT);
    if (object.get("spec") instanceof ObjectNode spec) {
      @Nullable JsonNode percent = spec.remove("targetCPUUtilizationPercentage");
      ArrayNode all = JsonNodeFactory.instance.arrayNode();
      metrics.forEach(each -> all.add(AutoscalerMetrics.toStored(each, "target")));
      if (percent != null && percent.isNumber()) {
        useOfCpu(all, "target", percent).put("type", "Utilization");
      }
      if (all.isEmpty()) {
        JsonNode usual = JsonNodeFactory.instance.numberNode(CPU_PERCENT);
        useOfCpu(all, "target", usual).put("type", "Utilization");
      }
      spec.set("metrics", all);
      if (behavior.isObject()) {
        spec.set("behavior", AutoscalerBehavior.toStored(behavior));
      }
    }
    if (object.get("status") instanceof ObjectNode status) {
      @Nullable JsonNode percent = status.remove("currentCPUUtilizationPercentage");
      ArrayNode all = JsonNodeFactory.instance.arrayNode();
      if (current.isEmpty() && percent != null && percent.isNumber()) {
        useOfCpu(all, "current", percent);
      }
      current.forEach(each -> all.add(AutoscalerMetrics.toStored(each, "current")));
      status.set("currentMetrics", all.isEmpty() ? all.nullNode() : all);
      if (status.path("currentReplicas").asInt() == 0) {
        status.remove("currentReplicas");
      }
      if (conditions.isArray()) {
        status.set("conditions", conditions);
      }
    }
  }

  private static ObjectNode useOfCpu(ArrayNode metrics, String side, JsonNode percent) {
    ObjectNode metric = metrics.addObject().put("type", "Resource");
    ObjectNode use = metric.putObject("resource").put("name", "cpu").putObject(side);
    use.set("averageUtilization", Numbers.node(percent.asLong()));
    return use;
  }

  /// Takes an annotation away.
  private static JsonNode taken(ObjectNode object, String key) {
    if (object.path("metadata").get("annotations") instanceof ObjectNode annotations) {
      @Nullable JsonNode text = annotations.remove(key);
      if (annotations.isEmpty()) {
        object.withObjectProperty("metadata").remove("annotations");
      }
      if (text != null) {
        return read(text.asText(""));
      }
    }
    return JsonNodeFactory.instance.missingNode();
  }

  private static JsonNode read(String text) {
    try {
      return JSON.readTree(text);
    } catch (JacksonException unreadable) {
      return JsonNodeFactory.instance.missingNode();
    }
  }

  /// @param status whether only the status is written
  static void keepOtherHalf(boolean status, ObjectNode before, ObjectNode after) {
    JsonNode known = before.path("metadata").path("annotations");
    for (String key : status ? List.of(METRICS, BEHAVIOR) : List.of(CONDITIONS, CURRENT)) {
      if (known.has(key)) {
        after
            .withObjectProperty("metadata")
            .withObjectProperty("annotations")
            .set(key, known.get(key));
      } else if (after.path("metadata").get("annotations") instanceof ObjectNode annotations) {
        annotations.remove(key);
      }
    }
  }

  /// What version 2 must not say in annotations: they belong to version 1.
  static void dropAnnotations(ObjectNode object) {
    if (object.path("metadata").get("annotations") instanceof ObjectNode annotations) {
      annotations.remove(List.of(METRICS, BEHAVIOR, CONDITIONS, CURRENT));
      if (annotations.isEmpty()) {
        object.withObjectProperty("metadata").remove("annotations");
      }
    }
  }
}
