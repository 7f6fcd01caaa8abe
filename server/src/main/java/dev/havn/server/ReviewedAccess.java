// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.authentication.ClientCertificates;
import dev.havn.apiserver.authentication.UserInfo;
import dev.havn.apiserver.http.Credential;
import dev.havn.apiserver.http.Request;
import dev.havn.apiserver.resource.ApiException;
import dev.havn.reconcile.Api;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Who comes to the door of a node or a scheduler in a process of its own: certificates are looked
/// at here, tokens and rights are asked of the API server, as a kubelet and kube-scheduler do.
///
/// @param api of the node's or scheduler's own user
/// @param certificates of the cluster's authority
record ReviewedAccess(Api api, ClientCertificates certificates) implements DoorAccess {
  private static final String BEARER = "Bearer ";

  @Override
  public Optional<UserInfo> user(Request request) {
    if (request.credential() instanceof Credential.Certificate shown && !shown.chain().isEmpty()) {
      Optional<UserInfo> user = certificates.user(shown.chain());
      if (user.isPresent()) {
        return Optional.of(authenticated(user.get()));
      }
    }
    @Nullable String authorization = request.headers().first("authorization");
    if (authorization == null || !authorization.startsWith(BEARER)) {
      return Optional.empty();
    }
    ObjectNode review =
        Api.object().put("kind", "TokenReview").put("apiVersion", "authentication.k8s.io/v1");
    review.putObject("spec").put("token", authorization.substring(BEARER.length()).strip());
    JsonNode status = ask("/apis/authentication.k8s.io/v1/tokenreviews", review).path("status");
    return status.path("authenticated").asBoolean()
        ? Optional.of(user(status.path("user")))
        : Optional.empty();
  }

  private static UserInfo authenticated(UserInfo user) {
    List<String> groups = new ArrayList<>(user.groups());
    groups.add(UserInfo.AUTHENTICATED);
    return new UserInfo(user.name(), user.uid(), groups, user.extra());
  }

  private static UserInfo user(JsonNode told) {
    Map<String, List<String>> extra = new HashMap<>();
    told.path("extra")
        .properties()
        .forEach(each -> extra.put(each.getKey(), texts(each.getValue())));
    return new UserInfo(
        told.path("username").asText(),
        told.path("uid").asText(""),
        texts(told.path("groups")),
        extra);
  }

  private static List<String> texts(JsonNode array) {
    List<String> texts = new ArrayList<>();
    array.forEach(each -> texts.add(each.asText()));
    return texts;
  }

  @Override
  public boolean allows(UserInfo user, String verb, String node, List<String> subresources) {
    return subresources.stream().anyMatch(each -> allows(user, verb, node, each));
  }

  private boolean allows(UserInfo user, String verb, String node, String subresource) {
    ObjectNode spec = spec(user);
    spec.putObject("resourceAttributes")
        .put("verb", verb)
        .put("version", "v1")
        .put("resource", "nodes")
        .put("subresource", subresource)
        .put("name", node);
    return isAllowed(spec);
  }

  /// Whether a user may ask for a path that is no object's.
  boolean allowsPath(UserInfo user, String verb, String path) {
    ObjectNode spec = spec(user);
    spec.putObject("nonResourceAttributes").put("path", path).put("verb", verb);
    return isAllowed(spec);
  }

  private static ObjectNode spec(UserInfo user) {
    ObjectNode spec = Api.object().put("user", user.name()).put("uid", user.uid());
    user.groups().forEach(spec.putArray("groups")::add);
    ObjectNode extra = spec.putObject("extra");
    user.extra().forEach((key, values) -> values.forEach(extra.withArrayProperty(key)::add));
    return spec;
  }

  private boolean isAllowed(ObjectNode spec) {
    ObjectNode review =
        Api.object()
            .put("kind", "SubjectAccessReview")
            .put("apiVersion", "authorization.k8s.io/v1");
    review.set("spec", spec);
    return ask("/apis/authorization.k8s.io/v1/subjectaccessreviews", review)
        .path("status")
        .path("allowed")
        .asBoolean();
  }

  private JsonNode ask(String path, ObjectNode review) {
    try {
      return api.create(path, review.toString());
    } catch (UncheckedIOException e) {
      throw ApiException.ofCode(500, "the API server does not answer: " + e.getMessage());
    }
  }
}
