// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.node.ObjectNode;

/// Defaults of a HorizontalPodAutoscaler's metrics and behaviour.
final class AutoscalerDefaults {
  private static final int CPU_PERCENT = 80;
  private static final String METRICS = "autoscaling.alpha.kubernetes.io/metrics";

  private AutoscalerDefaults() {}

  static void apply(ObjectNode object, ObjectNode spec) {
    if (!object.path("apiVersion").asText().equals("autoscaling/v2")) {
      // Other metrics of version 2 stand in an annotation here.
      if (!object.path("metadata").path("annotations").has(METRICS)) {
        Defaults.set(spec, "targetCPUUtilizationPercentage", CPU_PERCENT);
      }
      return;
    }
    if (spec.path("metrics").isEmpty()) {
      ObjectNode resource =
          spec.putArray("metrics").addObject().put("type", "Resource").putObject("resource");
      resource.put("name", "cpu");
      resource
          .putObject("target")
          .put("type", "Utilization")
          .put("averageUtilization", CPU_PERCENT);
    }
    if (spec.get("behavior") instanceof ObjectNode behavior) {
      ObjectNode up = behavior.withObjectProperty("scaleUp");
      Defaults.set(up, "stabilizationWindowSeconds", 0);
      rules(up);
      if (!up.has("policies")) {
        policy(up, "Pods", 4);
        policy(up, "Percent", 100);
      }
      ObjectNode down = behavior.withObjectProperty("scaleDown");
      rules(down);
      if (!down.has("policies")) {
        policy(down, "Percent", 100);
      }
    }
  }

  private static void rules(ObjectNode rules) {
    Defaults.set(rules, "selectPolicy", "Max");
    if (rules.path("policies").isNull()) {
      rules.remove("policies");
    }
  }

  private static void policy(ObjectNode rules, String type, int value) {
    rules
        .withArrayProperty("policies")
        .addObject()
        .put("type", type)
        .put("value", value)
        .put("periodSeconds", type.equals("Pods") || value == 100 ? 15 : 60);
  }
}
