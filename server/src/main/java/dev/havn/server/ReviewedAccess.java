// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.authentication.ClientCertificates;
import dev.havn.apiserver.authentication.UserInfo;
import dev.havn.apiserver.http.Credential;
import dev.havn.apiserver.http.Request;
import dev.havn.apiserver.resource.ApiException;
import dev.havn.apiserver.webhook.RememberedAnswers;
import dev.havn.reconcile.Api;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/// Who comes to the door of a node or a scheduler in a process of its own: certificates are looked
/// at here, tokens and rights are asked of the API server, as a kubelet and kube-scheduler do. What
/// it said may count for a while; that it did not answer, or that it could not tell, never does.
/// For many threads, of which [#ASKED_AT_ONCE] ask at a time: whoever reaches the door may make up
/// tokens, and the API server is not to be flooded with them.
final class ReviewedAccess implements DoorAccess {
  /// Those beyond get 429.
  static final int ASKED_AT_ONCE = 16;

  private static final String BEARER = "Bearer ";

  private final Api api;
  private final ClientCertificates certificates;
  private final Duration remembered;
  private final RememberedAnswers<UserInfo> users;

  /// Apart, so that made-up tokens push out no good ones.
  private final RememberedAnswers<Boolean> strangers;

  private final RememberedAnswers<Boolean> rights;
  private final Semaphore places = new Semaphore(ASKED_AT_ONCE);

  /// @param api of the node's or scheduler's own user
  /// @param certificates of the cluster's authority
  /// @param remembered how long an answer counts, for which a token or right that is taken away
  ///   still does; zero asks anew each time
  ReviewedAccess(
      Api api, ClientCertificates certificates, Duration remembered, InstantSource clock) {
    this.api = api;
    this.certificates = certificates;
    this.remembered = remembered;
    this.users = new RememberedAnswers<>(clock);
    this.strangers = new RememberedAnswers<>(clock);
    this.rights = new RememberedAnswers<>(clock);
  }

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
    return holder(authorization.substring(BEARER.length()).strip());
  }

  /// For whom a token speaks.
  private Optional<UserInfo> holder(String token) {
    String question = RememberedAnswers.question(List.of(token));
    @Nullable UserInfo known = users.get(question);
    if (known != null || strangers.get(question) != null) {
      return Optional.ofNullable(known);
    }
    ObjectNode review =
        Api.object().put("kind", "TokenReview").put("apiVersion", "authentication.k8s.io/v1");
    review.putObject("spec").put("token", token);
    JsonNode status = ask("/apis/authentication.k8s.io/v1/tokenreviews", review).path("status");
    if (status.path("authenticated").asBoolean()) {
      UserInfo user = user(status.path("user"));
      users.put(question, user, remembered);
      return Optional.of(user);
    }
    if (status.path("error").asText("").isEmpty()) {
      strangers.put(question, true, remembered);
    }
    return Optional.empty();
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
    String question = RememberedAnswers.question(List.of(spec.toString()));
    @Nullable Boolean known = rights.get(question);
    if (known != null) {
      return known;
    }
    ObjectNode review =
        Api.object()
            .put("kind", "SubjectAccessReview")
            .put("apiVersion", "authorization.k8s.io/v1");
    review.set("spec", spec);
    boolean allowed =
        ask("/apis/authorization.k8s.io/v1/subjectaccessreviews", review)
            .path("status")
            .path("allowed")
            .asBoolean();
    rights.put(question, allowed, remembered);
    return allowed;
  }

  private JsonNode ask(String path, ObjectNode review) {
    if (!places.tryAcquire()) {
      throw ApiException.tooManyRequests(
          "the API server is asked about %d tokens and rights now, please try again later"
              .formatted(ASKED_AT_ONCE),
          1);
    }
    try {
      return api.create(path, review.toString());
    } catch (UncheckedIOException e) {
      throw ApiException.ofCode(500, "the API server does not answer: " + e.getMessage());
    } finally {
      places.release();
    }
  }
}
