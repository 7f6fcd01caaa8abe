// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.authorization;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.authentication.ServiceAccountTokens.Bound;
import dev.havn.apiserver.resource.ApiException;
import dev.havn.apiserver.resource.Objects;
import dev.havn.schema.ResourceType;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What a token is bound to besides its account: an object that is there, with the uid that it has
/// now, and with a pod its node. What else is asked for becomes no claim.
final class TokenBinding {
  private final Objects objects;

  TokenBinding(Objects objects) {
    this.objects = objects;
  }

  /// @param reference the `boundObjectRef` of a request
  List<Bound> of(String namespace, String account, JsonNode reference) {
    String kind = reference.path("kind").asText("");
    String version = reference.path("apiVersion").asText("");
    if (reference.isMissingNode() || reference.isNull()) {
      return List.of();
    }
    String plural =
        switch (version.equals("v1") ? kind : "") {
          case "Pod" -> "pods";
          case "Secret" -> "secrets";
          case "Node" -> "nodes";
          default ->
              throw ApiException.badRequest(
                  "cannot bind token to object of type %s, Kind=%s"
                      .formatted(version.contains("/") ? version : "/" + version, kind));
        };
    String name = reference.path("name").asText();
    ResourceType type = objects.registry().get("v1", plural);
    @Nullable ObjectNode found =
        objects.read("v1", plural, type.namespaced() ? namespace : "", name);
    if (found == null) {
      throw ApiException.notFound(type, name);
    }
    if (kind.equals("Pod")
        && !found.path("spec").path("serviceAccountName").asText().equals(account)) {
      throw ApiException.badRequest(
          "cannot bind token for serviceaccount \"%s\" to pod running with different serviceaccount name."
              .formatted(account));
    }
    String uid = found.path("metadata").path("uid").asText();
    String asked = reference.path("uid").asText("");
    if (!asked.isEmpty() && !asked.equals(uid)) {
      throw ApiException.preconditionFailed(
          type,
          name,
          "the UID in the bound object reference (%s) does not match the UID in record. The object might have been deleted and then recreated"
              .formatted(asked));
    }
    List<Bound> bound = new ArrayList<>(List.of(new Bound(kind, name, uid)));
    if (kind.equals("Pod")) {
      bound.addAll(node(found.path("spec").path("nodeName").asText("")));
    }
    return bound;
  }

  private List<Bound> node(String name) {
    @Nullable ObjectNode node = name.isEmpty() ? null : objects.read("v1", "nodes", "", name);
    return node == null
        ? List.of()
        : List.of(new Bound("Node", name, node.path("metadata").path("uid").asText()));
  }
}
