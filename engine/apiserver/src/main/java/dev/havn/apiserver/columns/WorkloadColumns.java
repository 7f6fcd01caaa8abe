// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.columns;

import static dev.havn.apiserver.columns.Cells.at;
import static dev.havn.apiserver.columns.Cells.node;
import static dev.havn.apiserver.columns.Cells.number;
import static dev.havn.apiserver.columns.Column.age;
import static dev.havn.apiserver.columns.Column.integer;
import static dev.havn.apiserver.columns.Column.text;
import static dev.havn.apiserver.columns.Column.timed;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/// Pods and what makes them.
final class WorkloadColumns {
  private static final String TEMPLATE = "spec.template.spec.containers";

  private WorkloadColumns() {}

  static List<Column> of(String kind) {
    return switch (kind) {
      case "Pod" -> pod();
      case "PodTemplate" ->
          List.of(
              text("Containers", o -> Cells.join(node(o, "template.spec.containers"), "name")),
              text("Images", o -> Cells.join(node(o, "template.spec.containers"), "image")),
              text("Pod Labels", o -> Cells.labels(node(o, "template.metadata.labels"))));
      case "Deployment" ->
          with(
              selected(TEMPLATE, "spec.selector"),
              ready(),
              integer("Up-to-date", "status.updatedReplicas").typed("string"),
              integer("Available", "status.availableReplicas").typed("string"),
              age());
      case "ReplicaSet", "ReplicationController" ->
          with(
              selected(TEMPLATE, "spec.selector"),
              integer("Desired", "spec.replicas"),
              integer("Current", "status.replicas"),
              integer("Ready", "status.readyReplicas"),
              age());
      case "StatefulSet" -> with(containers(TEMPLATE), ready(), age());
      case "DaemonSet" -> daemonSet();
      case "ControllerRevision" ->
          List.of(
              text("Controller", WorkloadColumns::controller),
              integer("Revision", "revision").typed("string"),
              age());
      default -> List.of();
    };
  }

  private static List<Column> pod() {
    return List.of(
        text("Ready", PodCells::ready),
        text("Status", PodCells::reason),
        timed("Restarts", 0, PodCells::restarts),
        age(),
        text("IP", o -> Cells.orNone(at(o, "status.podIP"))).wide(),
        text("Node", o -> Cells.orNone(at(o, "spec.nodeName"))).wide(),
        text("Nominated Node", o -> Cells.orNone(at(o, "status.nominatedNodeName"))).wide(),
        text("Readiness Gates", PodCells::gates).wide());
  }

  private static List<Column> daemonSet() {
    return with(
        selected(TEMPLATE, "spec.selector"),
        integer("Desired", "status.desiredNumberScheduled"),
        integer("Current", "status.currentNumberScheduled"),
        integer("Ready", "status.numberReady"),
        integer("Up-to-date", "status.updatedNumberScheduled"),
        integer("Available", "status.numberAvailable"),
        text("Node Selector", o -> Cells.labels(node(o, "spec.template.spec.nodeSelector"))),
        age());
  }

  private static Column ready() {
    return text("Ready", o -> number(o, "status.readyReplicas") + "/" + number(o, "spec.replicas"));
  }

  private static String controller(JsonNode object) {
    for (JsonNode owner : node(object, "metadata.ownerReferences")) {
      if (owner.path("controller").asBoolean()) {
        String version = owner.path("apiVersion").asText();
        String group =
            version.contains("/") ? "." + version.substring(0, version.indexOf('/')) : "";
        String kind = owner.path("kind").asText().toLowerCase(Locale.ROOT);
        return kind + group + "/" + owner.path("name").asText();
      }
    }
    return Cells.NONE;
  }

  /// The containers of a template and the selector of its pods.
  static List<Column> selected(String containers, String selector) {
    return Stream.concat(
            containers(containers).stream(),
            Stream.of(text("Selector", o -> Cells.selector(node(o, selector))).wide()))
        .toList();
  }

  private static List<Column> containers(String path) {
    return List.of(
        text("Containers", o -> Cells.join(node(o, path), "name")).wide(),
        text("Images", o -> Cells.join(node(o, path), "image")).wide());
  }

  /// @param last what `-o wide` adds
  static List<Column> with(List<Column> last, Column... first) {
    return Stream.concat(Stream.of(first), last.stream()).toList();
  }
}
