// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.columns;

import static dev.havn.apiserver.columns.Cells.at;
import static dev.havn.apiserver.columns.Cells.node;
import static dev.havn.apiserver.columns.Column.age;
import static dev.havn.apiserver.columns.Column.integer;
import static dev.havn.apiserver.columns.Column.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/// How many pods there should and must be.
final class ScalingColumns {
  private static final int METRICS_MAX = 2;

  private ScalingColumns() {}

  static List<Column> of(String kind) {
    return switch (kind) {
      case "HorizontalPodAutoscaler" ->
          List.of(
              text(
                  "Reference",
                  o -> at(o, "spec.scaleTargetRef.kind") + "/" + at(o, "spec.scaleTargetRef.name")),
              text("Targets", ScalingColumns::targets),
              text("MinPods", o -> Cells.orUnset(at(o, "spec.minReplicas"))),
              integer("MaxPods", "spec.maxReplicas").typed("string"),
              integer("Replicas", "status.currentReplicas").typed("string"),
              age());
      case "PodDisruptionBudget" ->
          List.of(
              text("Min Available", o -> bound(at(o, "spec.minAvailable"))),
              text("Max Unavailable", o -> bound(at(o, "spec.maxUnavailable"))),
              integer("Allowed Disruptions", "status.disruptionsAllowed"),
              age());
      default -> List.of();
    };
  }

  private static String bound(String value) {
    return value.isEmpty() ? "N/A" : value;
  }

  private static String targets(JsonNode scaler) {
    if (at(scaler, "apiVersion").equals("autoscaling/v1")) {
      String target = at(scaler, "spec.targetCPUUtilizationPercentage");
      String current = at(scaler, "status.currentCPUUtilizationPercentage");
      return target.isEmpty() ? Cells.NONE : "cpu: " + share(current) + "/" + target + "%";
    }
    List<String> texts = new ArrayList<>();
    JsonNode metrics = node(scaler, "spec.metrics");
    for (int i = 0; i < metrics.size(); i++) {
      texts.add(metric(metrics.get(i), node(scaler, "status.currentMetrics").path(i)));
    }
    if (texts.size() > METRICS_MAX) {
      return String.join(", ", texts.subList(0, METRICS_MAX))
          + " + "
          + (texts.size() - METRICS_MAX)
          + " more...";
    }
    return Cells.orNone(String.join(", ", texts));
  }

  private static String metric(JsonNode metric, JsonNode status) {
    String source =
        switch (metric.path("type").asText()) {
          case "ContainerResource" -> "containerResource";
          case "Resource" -> "resource";
          case "External" -> "external";
          case "Object" -> "object";
          default -> "pods";
        };
    JsonNode target = metric.path(source).path("target");
    JsonNode current = status.path(source).path("current");
    String average = at(target, "averageValue");
    if (source.endsWith("esource")) {
      String name = at(metric.path(source), "name") + ": ";
      if (!average.isEmpty()) {
        return name + known(at(current, "averageValue")) + "/" + average;
      }
      String share = at(target, "averageUtilization");
      return name
          + share(at(current, "averageUtilization"))
          + "/"
          + (share.isEmpty() ? "<auto>" : share + "%");
    }
    if (!average.isEmpty()) {
      String suffix = source.equals("pods") ? "" : " (avg)";
      return known(at(current, "averageValue")) + "/" + average + suffix;
    }
    return known(at(current, "value")) + "/" + at(target, "value");
  }

  private static String known(String value) {
    return value.isEmpty() ? "<unknown>" : value;
  }

  private static String share(String percent) {
    return percent.isEmpty() ? "<unknown>" : percent + "%";
  }
}
