// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.http.Headers;
import dev.havn.apiserver.http.Response;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;

/// `nodes/proxy`: the API of a node, where there is a way to it. Of any node that is Ready
/// `healthz` says so and `pods` lists what is bound to it.
final class NodeProxy {
  private final Objects objects;
  private final NodeSessions sessions;

  NodeProxy(Objects objects, NodeSessions sessions) {
    this.objects = objects;
    this.sessions = sessions;
  }

  /// @param node as stored
  void serve(Call call, ObjectNode node, Response response) {
    String name = node.path("metadata").path("name").asText();
    if (node.path("status").path("addresses").isEmpty()) {
      throw ApiException.unreasoned("no preferred addresses found; known addresses: []");
    }
    if (!isReady(node)) {
      throw ApiException.ofCode(
          503, "error trying to reach service: node \"" + name + "\" is not Ready");
    }
    if (sessions.serveNode(name, call.info().rest(), call, response)) {
      return;
    }
    if (!List.of("GET", "HEAD").contains(call.request().method())) {
      throw ApiException.methodNotAllowed();
    }
    switch (call.info().rest()) {
      case "/healthz" -> send(response, "text/plain; charset=utf-8", "ok");
      case "/pods" -> send(response, "application/json", pods(name).toString());
      default ->
          throw ApiException.ofCode(
              404,
              "the nodes of this cluster answer healthz and pods, not %s"
                  .formatted(call.info().rest().isEmpty() ? "/" : call.info().rest()));
    }
  }

  private static boolean isReady(ObjectNode node) {
    for (JsonNode each : node.path("status").path("conditions")) {
      if (each.path("type").asText().equals("Ready")) {
        return each.path("status").asText().equals("True");
      }
    }
    return false;
  }

  private ObjectNode pods(String node) {
    ObjectNode list = JsonNodeFactory.instance.objectNode();
    list.put("kind", "PodList").put("apiVersion", "v1").putObject("metadata");
    ArrayNode items = list.putArray("items");
    for (ObjectNode pod : objects.list("v1", "pods", "")) {
      if (pod.path("spec").path("nodeName").asText("").equals(node)) {
        items.add(pod);
      }
    }
    return list;
  }

  private static void send(Response response, String type, String text) {
    response.send(
        200,
        new Headers().set("content-type", type),
        List.of(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8))));
  }
}
