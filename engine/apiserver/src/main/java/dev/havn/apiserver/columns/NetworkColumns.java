// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.columns;

import static dev.havn.apiserver.columns.Cells.at;
import static dev.havn.apiserver.columns.Cells.node;
import static dev.havn.apiserver.columns.Column.age;
import static dev.havn.apiserver.columns.Column.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.StringJoiner;
import java.util.TreeSet;

/// How pods are reached.
final class NetworkColumns {
  private NetworkColumns() {}

  static List<Column> of(String kind) {
    return switch (kind) {
      case "Service" ->
          List.of(
              text("Type", "spec.type"),
              text("Cluster-IP", o -> Cells.orNone(at(o, "spec.clusterIP"))),
              text("External-IP", NetworkColumns::external),
              text("Port(s)", NetworkColumns::servicePorts),
              age(),
              text("Selector", o -> Cells.labels(node(o, "spec.selector"))).wide());
      case "Endpoints" -> List.of(text("Endpoints", NetworkColumns::endpoints), age());
      case "EndpointSlice" ->
          List.of(
              text("AddressType", "addressType"),
              text("Ports", NetworkColumns::slicePorts),
              text("Endpoints", NetworkColumns::sliceEndpoints),
              age());
      case "Ingress" ->
          List.of(
              text("Class", o -> Cells.orNone(at(o, "spec.ingressClassName"))),
              text("Hosts", NetworkColumns::hosts),
              text("Address", o -> String.join(",", balancers(o))),
              text("Ports", o -> node(o, "spec.tls").isEmpty() ? "80" : "80, 443"),
              age());
      case "IngressClass" ->
          List.of(
              text("Controller", "spec.controller"),
              text("Parameters", NetworkColumns::parameters),
              age());
      case "IPAddress" -> List.of(text("ParentRef", NetworkColumns::parent), age().undeclared());
      case "NetworkPolicy" ->
          List.of(text("Pod-Selector", o -> Cells.selector(node(o, "spec.podSelector"))), age());
      case "ServiceCIDR" ->
          List.of(text("CIDRs", o -> String.join(",", Cells.texts(node(o, "spec.cidrs")))), age());
      default -> List.of();
    };
  }

  private static String external(JsonNode service) {
    String type = at(service, "spec.type");
    if (type.equals("ExternalName")) {
      return at(service, "spec.externalName");
    }
    List<String> addresses = new ArrayList<>();
    if (type.equals("LoadBalancer")) {
      addresses.addAll(balancers(service));
    }
    addresses.addAll(Cells.texts(node(service, "spec.externalIPs")));
    if (!addresses.isEmpty()) {
      return String.join(",", addresses);
    }
    return type.equals("LoadBalancer") ? "<pending>" : Cells.NONE;
  }

  private static SortedSet<String> balancers(JsonNode object) {
    SortedSet<String> all = new TreeSet<>();
    for (JsonNode each : node(object, "status.loadBalancer.ingress")) {
      String address = Cells.first(each, "ip", "hostname");
      if (!address.isEmpty()) {
        all.add(address);
      }
    }
    return all;
  }

  private static String servicePorts(JsonNode service) {
    StringJoiner text = new StringJoiner(",");
    for (JsonNode port : node(service, "spec.ports")) {
      String node = port.path("nodePort").asInt() > 0 ? ":" + port.path("nodePort").asInt() : "";
      text.add(port.path("port").asInt() + node + "/" + port.path("protocol").asText());
    }
    return Cells.orNone(text.toString());
  }

  private static String endpoints(JsonNode endpoints) {
    List<String> all = new ArrayList<>();
    for (JsonNode subset : endpoints.path("subsets")) {
      for (JsonNode port : subset.path("ports")) {
        subset
            .path("addresses")
            .forEach(each -> all.add(host(at(each, "ip")) + ":" + port.path("port").asInt()));
      }
      if (subset.path("ports").isEmpty()) {
        subset.path("addresses").forEach(each -> all.add(at(each, "ip")));
      }
    }
    return Cells.orNone(Cells.some(all));
  }

  private static String host(String address) {
    return address.contains(":") ? "[" + address + "]" : address;
  }

  private static String slicePorts(JsonNode slice) {
    List<String> all = new ArrayList<>();
    for (JsonNode port : slice.path("ports")) {
      all.add(port.path(port.hasNonNull("port") ? "port" : "name").asText("*"));
    }
    return Cells.orUnset(Cells.some(all));
  }

  private static String sliceEndpoints(JsonNode slice) {
    List<String> all = new ArrayList<>();
    slice.path("endpoints").forEach(each -> all.addAll(Cells.texts(each.path("addresses"))));
    return Cells.orUnset(Cells.some(all));
  }

  private static String hosts(JsonNode ingress) {
    List<String> all = new ArrayList<>();
    for (JsonNode rule : node(ingress, "spec.rules")) {
      if (!at(rule, "host").isEmpty()) {
        all.add(at(rule, "host"));
      }
    }
    return all.isEmpty() ? "*" : Cells.some(all);
  }

  private static String parameters(JsonNode type) {
    JsonNode parameters = node(type, "spec.parameters");
    if (parameters.isMissingNode()) {
      return Cells.NONE;
    }
    String group = at(parameters, "apiGroup");
    return at(parameters, "kind")
        + (group.isEmpty() ? "" : "." + group)
        + "/"
        + at(parameters, "name");
  }

  private static String parent(JsonNode address) {
    JsonNode parent = node(address, "spec.parentRef");
    StringJoiner text = new StringJoiner("/");
    String group = at(parent, "group");
    text.add(at(parent, "resource") + (group.isEmpty() ? "" : "." + group));
    if (!at(parent, "namespace").isEmpty()) {
      text.add(at(parent, "namespace"));
    }
    return text.add(at(parent, "name")).toString();
  }
}
