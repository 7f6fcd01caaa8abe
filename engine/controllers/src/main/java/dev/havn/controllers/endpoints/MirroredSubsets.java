// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.endpoints;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.reconcile.Api;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// What the subsets of Endpoints are as EndpointSlices: ports that lead to the same addresses stand
/// together, one slice for them and each family. A pure function.
///
/// @param slices family, endpoints and ports of each
/// @param skipped addresses beyond what a subset may have
record MirroredSubsets(List<ObjectNode> slices, int skipped) {
  /// Addresses of a subset; Kubernetes' `--mirroring-max-endpoints-per-subset`.
  static final int ADDRESSES_MAX = 1_000;

  /// Stands for no port at all, so that the addresses are not lost.
  private static final ObjectNode NO_PORT = Api.object();

  private static final Comparator<Address> ORDER =
      Comparator.comparing(Address::ip).thenComparing(Address::uid);

  /// An address is the same one wherever it is told of the same object.
  private record Address(String ip, String uid) {}

  static MirroredSubsets of(JsonNode subsets) {
    Map<Address, JsonNode> addresses = new LinkedHashMap<>();
    Map<Map<Address, Boolean>, ArrayNode> portsByAddresses = new LinkedHashMap<>();
    behindPorts(subsets, addresses)
        .forEach(
            (port, ready) -> {
              ArrayNode ports =
                  portsByAddresses.computeIfAbsent(ready, _ -> Api.object().arrayNode());
              if (!port.equals(NO_PORT)) {
                ports.add(port);
              }
            });
    List<ObjectNode> slices = new ArrayList<>();
    int skipped = 0;
    for (Map.Entry<Map<Address, Boolean>, ArrayNode> each : portsByAddresses.entrySet()) {
      List<Address> shown = new ArrayList<>(kept(each.getKey(), true));
      shown.addAll(kept(each.getKey(), false));
      skipped += Math.max(0, shown.size() - ADDRESSES_MAX);
      List<Address> fitting = shown.subList(0, Math.min(shown.size(), ADDRESSES_MAX));
      for (String family : List.of("IPv4", "IPv6")) {
        ObjectNode slice = Api.object().put("addressType", family);
        ArrayNode endpoints = slice.putArray("endpoints");
        for (Address address : fitting) {
          if (address.ip().contains(":") == family.equals("IPv6")) {
            endpoints.add(
                endpoint(
                    addresses.getOrDefault(address, NO_PORT),
                    Boolean.TRUE.equals(each.getKey().get(address))));
          }
        }
        if (!endpoints.isEmpty()) {
          slice.set("ports", each.getValue());
          slices.add(slice);
        }
      }
    }
    return new MirroredSubsets(slices, skipped);
  }

  /// Who answers at each port, and whether ready: who is not at one place is not.
  private static Map<ObjectNode, Map<Address, Boolean>> behindPorts(
      JsonNode subsets, Map<Address, JsonNode> addresses) {
    Map<ObjectNode, Map<Address, Boolean>> behind = new LinkedHashMap<>();
    for (JsonNode subset : subsets) {
      List<ObjectNode> ports = new ArrayList<>();
      subset.path("ports").forEach(port -> ports.add(port(port)));
      for (ObjectNode port : ports.isEmpty() ? List.of(NO_PORT) : ports) {
        for (boolean ready : new boolean[] {true, false}) {
          for (JsonNode each : subset.path(ready ? "addresses" : "notReadyAddresses")) {
            Address address =
                new Address(
                    each.path("ip").asText(), each.path("targetRef").path("uid").asText(""));
            addresses.putIfAbsent(address, each);
            behind
                .computeIfAbsent(port, _ -> new TreeMap<>(ORDER))
                .merge(address, ready, Boolean::logicalAnd);
          }
        }
      }
    }
    return behind;
  }

  private static List<Address> kept(Map<Address, Boolean> addresses, boolean ready) {
    return addresses.keySet().stream()
        .filter(each -> Boolean.valueOf(ready).equals(addresses.get(each)))
        .toList();
  }

  private static ObjectNode endpoint(JsonNode address, boolean ready) {
    ObjectNode endpoint = Api.object();
    endpoint.putArray("addresses").add(address.path("ip").asText());
    endpoint.putObject("conditions").put("ready", ready);
    for (String field : List.of("hostname", "nodeName", "targetRef")) {
      if (address.hasNonNull(field)) {
        endpoint.set(field, address.get(field));
      }
    }
    return endpoint;
  }

  private static ObjectNode port(JsonNode port) {
    ObjectNode own = Api.object();
    own.put("name", port.path("name").asText(""));
    own.put("protocol", port.path("protocol").asText("TCP"));
    own.put("port", port.path("port").asInt());
    if (port.hasNonNull("appProtocol")) {
      own.set("appProtocol", port.get("appProtocol"));
    }
    return own;
  }
}
