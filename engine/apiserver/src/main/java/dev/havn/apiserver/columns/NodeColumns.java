// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.columns;

import static dev.havn.apiserver.columns.Cells.at;
import static dev.havn.apiserver.columns.Cells.node;
import static dev.havn.apiserver.columns.Column.age;
import static dev.havn.apiserver.columns.Column.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;

/// What `kubectl get nodes` shows.
final class NodeColumns {
  private static final String ROLE = "node-role.kubernetes.io/";

  private NodeColumns() {}

  static List<Column> of(String kind) {
    if (!kind.equals("Node")) {
      return List.of();
    }
    return List.of(
        text("Status", NodeColumns::status),
        text("Roles", NodeColumns::roles),
        age(),
        text("Version", "status.nodeInfo.kubeletVersion"),
        text("Internal-IP", o -> address(o, "InternalIP")).wide(),
        text("External-IP", o -> address(o, "ExternalIP")).wide(),
        text("OS-Image", o -> known(at(o, "status.nodeInfo.osImage"))).wide(),
        text("Kernel-Version", NodeColumns::kernel).wide(),
        text("Container-Runtime", o -> known(at(o, "status.nodeInfo.containerRuntimeVersion")))
            .wide());
  }

  private static String known(String text) {
    return text.isEmpty() ? "<unknown>" : text;
  }

  private static String kernel(JsonNode node) {
    String version = known(at(node, "status.nodeInfo.kernelVersion"));
    String architecture = at(node, "status.nodeInfo.architecture");
    return architecture.isEmpty() ? version : version + " (" + architecture + ")";
  }

  private static String status(JsonNode node) {
    String ready =
        switch (Cells.condition(node, "Ready")) {
          case "" -> "Unknown";
          case "True" -> "Ready";
          default -> "NotReady";
        };
    return node(node, "spec.unschedulable").asBoolean() ? ready + ",SchedulingDisabled" : ready;
  }

  private static String roles(JsonNode node) {
    SortedSet<String> roles = new TreeSet<>();
    for (Map.Entry<String, JsonNode> label : node(node, "metadata.labels").properties()) {
      String key = label.getKey();
      if (key.startsWith(ROLE) && key.length() > ROLE.length()) {
        roles.add(key.substring(ROLE.length()));
      } else if (key.equals("kubernetes.io/role") && !label.getValue().asText().isEmpty()) {
        roles.add(label.getValue().asText());
      }
    }
    return Cells.orNone(String.join(",", roles));
  }

  private static String address(JsonNode node, String type) {
    for (JsonNode address : node(node, "status.addresses")) {
      if (address.path("type").asText().equals(type)) {
        return address.path("address").asText();
      }
    }
    return Cells.NONE;
  }
}
