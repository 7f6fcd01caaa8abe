// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.addresses.AddressFamily;
import dev.havn.apiserver.http.Handler;
import dev.havn.apiserver.http.Headers;
import dev.havn.apiserver.resource.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What stands behind the Service `kubernetes`: this server, as `Endpoints` and as an
/// `EndpointSlice`.
final class Advertisement {
  private static final String SLICES =
      "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices";
  private static final String ENDPOINTS = "/api/v1/namespaces/default/endpoints";
  private static final String NAME = "kubernetes";

  private final Handler server;
  private final Objects objects;

  Advertisement(Handler server, Objects objects) {
    this.server = server;
    this.objects = objects;
  }

  /// Says that pods reach the server there, and only there.
  void show(String address, int port) {
    ObjectNode endpoints = object("v1", "Endpoints");
    endpoints
        .withObjectProperty("metadata")
        .putObject("labels")
        .put("endpointslice.kubernetes.io/skip-mirror", "true");
    ObjectNode subset = endpoints.putArray("subsets").addObject();
    subset.putArray("addresses").addObject().put("ip", address);
    port(subset, port);
    settle(ENDPOINTS, endpoints, objects.read("v1", "endpoints", "default", NAME), "subsets");

    ObjectNode slice = object("discovery.k8s.io/v1", "EndpointSlice");
    slice.put("addressType", AddressFamily.of(address).toString());
    slice
        .withObjectProperty("metadata")
        .putObject("labels")
        .put("kubernetes.io/service-name", NAME);
    ObjectNode endpoint = slice.putArray("endpoints").addObject();
    endpoint.putArray("addresses").add(address);
    endpoint.putObject("conditions").put("ready", true);
    port(slice, port);
    @Nullable ObjectNode present =
        objects.read("discovery.k8s.io/v1", "endpointslices", "default", NAME);
    settle(SLICES, slice, present, "endpoints", "ports");
  }

  /// Says that pods have no way to the server.
  void withdraw() {
    remove(ENDPOINTS, objects.read("v1", "endpoints", "default", NAME));
    remove(SLICES, objects.read("discovery.k8s.io/v1", "endpointslices", "default", NAME));
  }

  private static ObjectNode object(String apiVersion, String kind) {
    ObjectNode object = JsonNodeFactory.instance.objectNode();
    object.put("kind", kind).put("apiVersion", apiVersion);
    object.putObject("metadata").put("name", NAME).put("namespace", "default");
    return object;
  }

  private static void port(ObjectNode owner, int port) {
    ArrayNode ports = owner.putArray("ports");
    ports.addObject().put("name", "https").put("port", port).put("protocol", "TCP");
  }

  private void settle(
      String collection, ObjectNode wanted, @Nullable ObjectNode present, String... fields) {
    if (present == null) {
      send("POST", collection, Optional.of(wanted));
      return;
    }
    for (String field : fields) {
      JsonNode now = present.path(field);
      if (!now.equals(wanted.path(field))) {
        send("PUT", collection + "/" + NAME, Optional.of(wanted));
        return;
      }
    }
  }

  private void remove(String collection, @Nullable ObjectNode present) {
    if (present != null) {
      send("DELETE", collection + "/" + NAME, Optional.empty());
    }
  }

  private void send(String method, String path, Optional<ObjectNode> body) {
    Internal.Answer answer =
        Internal.call(server, method, path, new Headers(), body.map(Object::toString).orElse(""));
    if (answer.status() >= 300) {
      throw new IllegalStateException(
          "%s %s gave %d: %s".formatted(method, path, answer.status(), answer.body()));
    }
  }
}
