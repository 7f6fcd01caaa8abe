// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.jspecify.annotations.Nullable;

/// A pod behind a Service, for `services/proxy`.
///
/// @param port of the pod
record ServiceBackends(ObjectNode pod, int port) {

  /// @param wanted name or number of the service's port, or empty for its first
  static ServiceBackends choose(Objects objects, String namespace, String service, String wanted) {
    @Nullable ObjectNode found = objects.read("v1", "services", namespace, service);
    if (found == null) {
      throw ApiException.notFound(objects.registry().get("v1", "services"), service);
    }
    String name = portName(found, wanted);
    @Nullable ObjectNode endpoints = objects.read("v1", "endpoints", namespace, service);
    if (endpoints == null) {
      throw ApiException.notFound(objects.registry().get("v1", "services"), service);
    }
    for (JsonNode subset : endpoints.path("subsets")) {
      for (JsonNode port : subset.path("ports")) {
        boolean asked = wanted.isEmpty() || port.path("name").asText("").equals(name);
        for (JsonNode address : subset.path("addresses")) {
          @Nullable ObjectNode pod =
              objects.read(
                  "v1", "pods", namespace, address.path("targetRef").path("name").asText(""));
          if (asked && pod != null) {
            return new ServiceBackends(pod, port.path("port").asInt());
          }
        }
      }
    }
    throw ApiException.unavailable("no endpoints available for service \"" + service + "\"");
  }

  private static String portName(ObjectNode service, String wanted) {
    for (JsonNode port : service.path("spec").path("ports")) {
      if (port.path("port").asText().equals(wanted)) {
        return port.path("name").asText("");
      }
    }
    return wanted;
  }
}
