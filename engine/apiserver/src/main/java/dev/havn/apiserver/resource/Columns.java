// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.ResourceType;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import java.util.function.Function;

/// kubectl's columns, kind by kind.
///
/// Longer than the rule because one switch names the columns of every kind, which is read as a
/// table.
final class Columns {
  private static final JsonNodeFactory MAKE = JsonNodeFactory.instance;
  private final InstantSource clock;

  Columns(InstantSource clock) {
    this.clock = clock;
  }

  /// @param priority 0 always shown, 1 only with `-o wide`
  record Column(String name, String type, int priority, Function<ObjectNode, JsonNode> cell) {}

  List<Column> of(ResourceType type) {
    List<Column> columns = new ArrayList<>();
    if (!type.kind().equals("Event")) {
      columns.add(text("Name", 0, object -> at(object, "metadata.name")));
    }
    switch (type.kind()) {
      case "Pod" -> pod(columns);
      case "Deployment" -> {
        columns.add(
            text(
                "Ready",
                0,
                o -> number(o, "status.readyReplicas") + "/" + number(o, "spec.replicas")));
        columns.add(integer("Up-to-date", "status.updatedReplicas"));
        columns.add(integer("Available", "status.availableReplicas"));
        age(columns);
        template(columns, "spec.selector");
      }
      case "ReplicaSet" -> {
        columns.add(integer("Desired", "spec.replicas"));
        columns.add(integer("Current", "status.replicas"));
        columns.add(integer("Ready", "status.readyReplicas"));
        age(columns);
        template(columns, "spec.selector");
      }
      case "ReplicationController" -> {
        columns.add(integer("Desired", "spec.replicas"));
        columns.add(integer("Current", "status.replicas"));
        columns.add(integer("Ready", "status.readyReplicas"));
        age(columns);
        template(columns, "spec.selector");
      }
      case "StatefulSet" -> {
        columns.add(
            text(
                "Ready",
                0,
                o -> number(o, "status.readyReplicas") + "/" + number(o, "spec.replicas")));
        age(columns);
        containers(columns);
      }
      case "DaemonSet" -> daemonSet(columns);
      case "Service" -> service(columns);
      case "Node" -> node(columns);
      case "Namespace" -> {
        columns.add(text("Status", 0, o -> at(o, "status.phase")));
        age(columns);
      }
      case "ConfigMap" -> {
        columns.add(count("Data", o -> o.path("data").size() + o.path("binaryData").size()));
        age(columns);
      }
      case "Secret" -> {
        columns.add(text("Type", 0, o -> at(o, "type")));
        columns.add(count("Data", o -> o.path("data").size()));
        age(columns);
      }
      case "ServiceAccount" -> age(columns);
      case "Endpoints" -> {
        columns.add(text("Endpoints", 0, Columns::endpoints));
        age(columns);
      }
      case "EndpointSlice" -> endpointSlice(columns);
      case "Event" -> event(columns);
      case "Job" -> {
        columns.add(text("Status", 0, Columns::jobStatus));
        columns.add(
            text(
                "Completions",
                0,
                o -> number(o, "status.succeeded") + "/" + number(o, "spec.completions")));
        age(columns);
      }
      case "CronJob" -> {
        columns.add(text("Schedule", 0, o -> at(o, "spec.schedule")));
        columns.add(text("Suspend", 0, o -> title(at(o, "spec.suspend"))));
        columns.add(count("Active", o -> o.path("status").path("active").size()));
        age(columns);
      }
      case "Lease" -> {
        columns.add(text("Holder", 0, o -> at(o, "spec.holderIdentity")));
        age(columns);
      }
      case "RoleBinding", "ClusterRoleBinding" -> {
        columns.add(text("Role", 0, o -> at(o, "roleRef.kind") + "/" + at(o, "roleRef.name")));
        age(columns);
      }
      case "Role", "ClusterRole" ->
          columns.add(text("Created At", 0, o -> at(o, "metadata.creationTimestamp")));
      default -> {
        if (type.group().isEmpty() || Registry.isStored(type)) {
          age(columns);
        }
      }
    }
    return columns;
  }

  private void pod(List<Column> columns) {
    columns.add(text("Ready", 0, PodCells::ready));
    columns.add(text("Status", 0, PodCells::reason));
    columns.add(text("Restarts", 0, o -> PodCells.restarts(o, clock.instant())));
    age(columns);
    columns.add(text("IP", 1, o -> orNone(at(o, "status.podIP"))));
    columns.add(text("Node", 1, o -> orNone(at(o, "spec.nodeName"))));
    columns.add(text("Nominated Node", 1, o -> orNone(at(o, "status.nominatedNodeName"))));
    columns.add(text("Readiness Gates", 1, _ -> "<none>"));
  }

  private void daemonSet(List<Column> columns) {
    columns.add(integer("Desired", "status.desiredNumberScheduled"));
    columns.add(integer("Current", "status.currentNumberScheduled"));
    columns.add(integer("Ready", "status.numberReady"));
    columns.add(integer("Up-to-date", "status.updatedNumberScheduled"));
    columns.add(integer("Available", "status.numberAvailable"));
    columns.add(
        text("Node Selector", 0, o -> orNone(labels(o.at("/spec/template/spec/nodeSelector")))));
    age(columns);
    template(columns, "spec.selector");
  }

  private void service(List<Column> columns) {
    columns.add(text("Type", 0, o -> at(o, "spec.type")));
    columns.add(text("Cluster-IP", 0, o -> orNone(at(o, "spec.clusterIP"))));
    columns.add(text("External-IP", 0, Columns::externalAddress));
    columns.add(text("Port(s)", 0, Columns::ports));
    age(columns);
    columns.add(text("Selector", 1, o -> orNone(labels(o.at("/spec/selector")))));
  }

  private void node(List<Column> columns) {
    columns.add(text("Status", 0, Columns::nodeStatus));
    columns.add(text("Roles", 0, Columns::roles));
    age(columns);
    columns.add(text("Version", 0, o -> at(o, "status.nodeInfo.kubeletVersion")));
    columns.add(text("Internal-IP", 1, o -> orNone(address(o, "InternalIP"))));
    columns.add(text("External-IP", 1, o -> orNone(address(o, "ExternalIP"))));
    columns.add(text("OS-Image", 1, o -> at(o, "status.nodeInfo.osImage")));
    columns.add(text("Kernel-Version", 1, o -> at(o, "status.nodeInfo.kernelVersion")));
    columns.add(
        text("Container-Runtime", 1, o -> at(o, "status.nodeInfo.containerRuntimeVersion")));
  }

  private void endpointSlice(List<Column> columns) {
    columns.add(text("AddressType", 0, o -> at(o, "addressType")));
    columns.add(
        text(
            "Ports",
            0,
            o -> {
              StringJoiner ports = new StringJoiner(",");
              o.path("ports").forEach(port -> ports.add(port.path("port").asText()));
              return ports.length() == 0 ? "<unset>" : ports.toString();
            }));
    columns.add(
        text(
            "Endpoints",
            0,
            o -> {
              StringJoiner all = new StringJoiner(",");
              o.path("endpoints")
                  .forEach(e -> e.path("addresses").forEach(a -> all.add(a.asText())));
              return all.length() == 0 ? "<unset>" : all.toString();
            }));
    age(columns);
  }

  private void event(List<Column> columns) {
    columns.add(
        text(
            "Last Seen",
            0,
            o -> since(first(o, "lastTimestamp", "eventTime", "metadata.creationTimestamp"))));
    columns.add(text("Type", 0, o -> at(o, "type")));
    columns.add(text("Reason", 0, o -> at(o, "reason")));
    columns.add(
        text(
            "Object",
            0,
            o ->
                at(o, "involvedObject.kind").toLowerCase(java.util.Locale.ROOT)
                    + "/"
                    + at(o, "involvedObject.name")));
    columns.add(text("Subobject", 1, o -> at(o, "involvedObject.fieldPath")));
    columns.add(text("Source", 1, o -> at(o, "source.component")));
    columns.add(text("Message", 0, o -> at(o, "message").strip()));
    columns.add(
        text(
            "First Seen",
            1,
            o -> since(first(o, "firstTimestamp", "eventTime", "metadata.creationTimestamp"))));
    columns.add(text("Count", 1, o -> String.valueOf(Math.max(1, o.path("count").asInt()))));
    columns.add(text("Name", 1, o -> at(o, "metadata.name")));
  }

  private void template(List<Column> columns, String selector) {
    containers(columns);
    columns.add(
        text(
            "Selector",
            1,
            o -> {
              JsonNode node = o.at("/" + selector.replace('.', '/'));
              return orNone(labels(node.has("matchLabels") ? node.get("matchLabels") : node));
            }));
  }

  private void containers(List<Column> columns) {
    columns.add(text("Containers", 1, o -> join(o.at("/spec/template/spec/containers"), "name")));
    columns.add(text("Images", 1, o -> join(o.at("/spec/template/spec/containers"), "image")));
  }

  private void age(List<Column> columns) {
    columns.add(text("Age", 0, o -> since(at(o, "metadata.creationTimestamp"))));
  }

  private String since(String time) {
    if (time.isEmpty()) {
      return "<unknown>";
    }
    return human(Duration.between(Instant.parse(time), clock.instant()));
  }

  /// A duration as kubectl shortens it: two units at most.
  static String human(Duration duration) {
    long seconds = duration.toSeconds();
    if (seconds < -1) {
      return "<invalid>";
    }
    if (seconds < 0) {
      return "0s";
    }
    if (seconds < 120) {
      return seconds + "s";
    }
    long minutes = seconds / 60;
    if (minutes < 10) {
      return minutes + "m" + (seconds % 60 == 0 ? "" : seconds % 60 + "s");
    }
    if (minutes < 180) {
      return minutes + "m";
    }
    long hours = minutes / 60;
    if (hours < 8) {
      return hours + "h" + (minutes % 60 == 0 ? "" : minutes % 60 + "m");
    }
    if (hours < 48) {
      return hours + "h";
    }
    long days = hours / 24;
    if (days < 8) {
      return days + "d" + (hours % 24 == 0 ? "" : hours % 24 + "h");
    }
    if (days < 730) {
      return days + "d";
    }
    return days / 365 + "y" + (days % 365 == 0 || days >= 2920 ? "" : days % 365 + "d");
  }

  private static Column text(String name, int priority, Function<ObjectNode, String> cell) {
    return new Column(name, "string", priority, object -> MAKE.textNode(cell.apply(object)));
  }

  private static Column integer(String name, String path) {
    return new Column(name, "integer", 0, object -> MAKE.numberNode(number(object, path)));
  }

  private static Column count(String name, Function<ObjectNode, Integer> cell) {
    return new Column(
        name, "string", 0, object -> MAKE.textNode(String.valueOf(cell.apply(object))));
  }

  static String at(JsonNode object, String path) {
    JsonNode node = object;
    for (String step : path.split("\\.")) {
      node = node.path(step);
    }
    return node.asText("");
  }

  private static String first(JsonNode object, String... paths) {
    for (String path : paths) {
      String text = at(object, path);
      if (!text.isEmpty() && !text.equals("null")) {
        return text;
      }
    }
    return "";
  }

  private static long number(JsonNode object, String path) {
    JsonNode node = object;
    for (String step : path.split("\\.")) {
      node = node.path(step);
    }
    return node.asLong();
  }

  private static String orNone(String text) {
    return text.isEmpty() ? "<none>" : text;
  }

  private static String title(String flag) {
    return flag.equals("true") ? "True" : "False";
  }

  private static String labels(JsonNode labels) {
    StringJoiner text = new StringJoiner(",");
    for (Map.Entry<String, JsonNode> label : labels.properties()) {
      text.add(label.getKey() + "=" + label.getValue().asText());
    }
    return text.toString();
  }

  private static String join(JsonNode list, String field) {
    StringJoiner text = new StringJoiner(",");
    list.forEach(each -> text.add(each.path(field).asText()));
    return text.toString();
  }

  private static String externalAddress(ObjectNode service) {
    String type = at(service, "spec.type");
    if (type.equals("ExternalName")) {
      return at(service, "spec.externalName");
    }
    StringJoiner text = new StringJoiner(",");
    service.at("/status/loadBalancer/ingress").forEach(each -> text.add(each.path("ip").asText()));
    service.at("/spec/externalIPs").forEach(each -> text.add(each.asText()));
    if (text.length() > 0) {
      return text.toString();
    }
    return type.equals("LoadBalancer") ? "<pending>" : "<none>";
  }

  private static String ports(ObjectNode service) {
    StringJoiner text = new StringJoiner(",");
    for (JsonNode port : service.at("/spec/ports")) {
      String node = port.path("nodePort").asInt() > 0 ? ":" + port.path("nodePort").asInt() : "";
      text.add(port.path("port").asInt() + node + "/" + port.path("protocol").asText());
    }
    return text.length() == 0 ? "<none>" : text.toString();
  }

  private static String endpoints(ObjectNode endpoints) {
    StringJoiner text = new StringJoiner(",");
    for (JsonNode subset : endpoints.path("subsets")) {
      for (JsonNode address : subset.path("addresses")) {
        for (JsonNode port : subset.path("ports")) {
          text.add(address.path("ip").asText() + ":" + port.path("port").asInt());
        }
      }
    }
    return orNone(text.toString());
  }

  private static String nodeStatus(ObjectNode node) {
    String ready = "Unknown";
    for (JsonNode condition : node.at("/status/conditions")) {
      if (condition.path("type").asText().equals("Ready")) {
        ready = condition.path("status").asText().equals("True") ? "Ready" : "NotReady";
      }
    }
    return node.at("/spec/unschedulable").asBoolean() ? ready + ",SchedulingDisabled" : ready;
  }

  private static String roles(ObjectNode node) {
    StringJoiner roles = new StringJoiner(",");
    for (Map.Entry<String, JsonNode> label : node.at("/metadata/labels").properties()) {
      if (label.getKey().startsWith("node-role.kubernetes.io/")) {
        roles.add(label.getKey().substring("node-role.kubernetes.io/".length()));
      }
    }
    return orNone(roles.toString());
  }

  private static String address(ObjectNode node, String type) {
    for (JsonNode address : node.at("/status/addresses")) {
      if (address.path("type").asText().equals(type)) {
        return address.path("address").asText();
      }
    }
    return "";
  }

  private static String jobStatus(ObjectNode job) {
    for (JsonNode condition : job.at("/status/conditions")) {
      if (condition.path("status").asText().equals("True")) {
        switch (condition.path("type").asText()) {
          case "Complete", "Failed", "Suspended" -> {
            return condition.path("type").asText();
          }
          default -> {}
        }
      }
    }
    return job.path("metadata").has("deletionTimestamp") ? "Terminating" : "Running";
  }
}
