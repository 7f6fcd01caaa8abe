// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.aggregation;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.resource.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What the objects say about the way to a server, before anybody goes it.
final class ServicePorts {
  static final String SERVICE_LABEL = "kubernetes.io/service-name";

  private ServicePorts() {}

  /// Why nobody can be reached, or empty when somebody is there to be asked.
  static Optional<Condition> problem(RemoteApi api, Objects objects) {
    @Nullable ObjectNode service = objects.read("v1", "services", api.namespace(), api.service());
    String named = "service/%s in \"%s\"".formatted(api.service(), api.namespace());
    if (service == null) {
      return problem("ServiceNotFound", named + " is not present");
    }
    if (!service.path("spec").path("type").asText("ClusterIP").equals("ClusterIP")) {
      return Optional.empty();
    }
    @Nullable String port = null;
    for (JsonNode each : service.path("spec").path("ports")) {
      if (each.path("port").asInt() == api.port()) {
        port = each.path("name").asText("");
      }
    }
    if (port == null) {
      return problem("ServicePortError", named + " is not listening on port " + api.port());
    }
    boolean any = false;
    for (ObjectNode slice :
        objects.list("discovery.k8s.io/v1", "endpointslices", api.namespace())) {
      JsonNode label = slice.path("metadata").path("labels").path(SERVICE_LABEL);
      if (label.asText("").equals(api.service())) {
        any = true;
        if (hasReady(slice, port)) {
          return Optional.empty();
        }
      }
    }
    return any
        ? problem(
            "MissingEndpoints",
            "endpointslices for %s have no addresses with port name \"%s\"".formatted(named, port))
        : problem("EndpointsNotFound", "cannot find endpointslices for " + named);
  }

  private static Optional<Condition> problem(String reason, String message) {
    return Optional.of(new Condition(false, reason, message));
  }

  private static boolean hasReady(ObjectNode slice, String port) {
    boolean listens = false;
    for (JsonNode each : slice.path("ports")) {
      listens |= each.path("name").asText("").equals(port);
    }
    boolean ready = false;
    for (JsonNode each : slice.path("endpoints")) {
      ready |=
          each.path("conditions").path("ready").asBoolean(true)
              && !each.path("addresses").isEmpty();
    }
    return listens && ready;
  }
}
