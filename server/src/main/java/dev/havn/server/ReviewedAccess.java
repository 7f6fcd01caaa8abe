// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
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
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// Who comes to the door of a node or a scheduler in a process of its own: certificates are looked
/// at here, tokens and rights are asked of the API server, as a kubelet and kube-scheduler do. What
/// it said may count for a while, why it knows no token for a moment; that it did not answer never
/// does. For many threads, of which few ask at a time ([ReviewPlaces]), those beyond get 429:
/// whoever reaches the door may make up tokens, and neither is the API server to be flooded with
/// them, nor others to be kept out. The same question is asked once at a time.
final class ReviewedAccess implements DoorAccess {
  /// That a token is refused, whatever the reason: who goes on with it is not asked about each
  /// time.
  static final Duration REFUSALS_COUNT_FOR = Duration.ofSeconds(2);

  /// That a token was good, so that its holder is no stranger.
  private static final Duration KNOWN_FOR = Duration.ofMinutes(10);

  private static final String BEARER = "Bearer ";

  private final Api api;
  private final ClientCertificates certificates;
  private final Duration remembered;
  private final RememberedAnswers<UserInfo> users;

  /// Apart, so that made-up tokens push out no good ones.
  private final RememberedAnswers<Boolean> strangers;

  private final RememberedAnswers<Boolean> known;
  private final RememberedAnswers<Boolean> rights;
  private final ReviewPlaces places = new ReviewPlaces();

  /// What has no answer yet.
  private final Map<String, CompletableFuture<JsonNode>> questions = new ConcurrentHashMap<>();

  /// @param api of the node's or scheduler's own user
  /// @param certificates of the cluster's authority
  /// @param remembered how long an answer counts, for which a token or right that is taken away
  ///   still does; zero asks anew each time, but for tokens that were refused just now
  ReviewedAccess(
      Api api, ClientCertificates certificates, Duration remembered, InstantSource clock) {
    this.api = api;
    this.certificates = certificates;
    this.remembered = remembered;
    this.users = new RememberedAnswers<>(clock);
    this.strangers = new RememberedAnswers<>(clock);
    this.known = new RememberedAnswers<>(clock);
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
    return holder(authorization.substring(BEARER.length()).strip(), request.remoteAddress());
  }

  /// For whom a token speaks.
  private Optional<UserInfo> holder(String token, String remote) {
    String question = RememberedAnswers.question(List.of(token));
    @Nullable UserInfo remembers = users.get(question);
    if (remembers != null || strangers.get(question) != null) {
      return Optional.ofNullable(remembers);
    }
    ReviewPlaces.Asker asker =
        known.get(question) == null
            ? ReviewPlaces.Stranger.of(remote)
            : new ReviewPlaces.Known(question);
    ObjectNode review =
        Api.object().put("kind", "TokenReview").put("apiVersion", "authentication.k8s.io/v1");
    review.putObject("spec").put("token", token);
    JsonNode status =
        once(question, asker, "/apis/authentication.k8s.io/v1/tokenreviews", review).path("status");
    if (status.path("authenticated").asBoolean()) {
      UserInfo user = user(status.path("user"));
      users.put(question, user, remembered);
      known.put(question, true, KNOWN_FOR);
      return Optional.of(user);
    }
    boolean says = status.path("error").asText("").isEmpty();
    boolean longer = says && remembered.compareTo(REFUSALS_COUNT_FOR) > 0;
    strangers.put(question, true, longer ? remembered : REFUSALS_COUNT_FOR);
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
    return isAllowed(user, spec);
  }

  /// Whether a user may ask for a path that is no object's.
  boolean allowsPath(UserInfo user, String verb, String path) {
    ObjectNode spec = spec(user);
    spec.putObject("nonResourceAttributes").put("path", path).put("verb", verb);
    return isAllowed(user, spec);
  }

  private static ObjectNode spec(UserInfo user) {
    ObjectNode spec = Api.object().put("user", user.name()).put("uid", user.uid());
    user.groups().forEach(spec.putArray("groups")::add);
    ObjectNode extra = spec.putObject("extra");
    user.extra().forEach((key, values) -> values.forEach(extra.withArrayProperty(key)::add));
    return spec;
  }

  private boolean isAllowed(UserInfo user, ObjectNode spec) {
    String question = RememberedAnswers.question(List.of(spec.toString()));
    @Nullable Boolean remembers = rights.get(question);
    if (remembers != null) {
      return remembers;
    }
    ReviewPlaces.Asker asker = new ReviewPlaces.Known(user.name());
    ObjectNode review =
        Api.object()
            .put("kind", "SubjectAccessReview")
            .put("apiVersion", "authorization.k8s.io/v1");
    review.set("spec", spec);
    boolean allowed =
        once(question, asker, "/apis/authorization.k8s.io/v1/subjectaccessreviews", review)
            .path("status")
            .path("allowed")
            .asBoolean();
    rights.put(question, allowed, remembered);
    return allowed;
  }

  /// Who has the same question waits for the answer to the first. What that one is refused for says
  /// nothing of others, who then ask themselves.
  private JsonNode once(String question, ReviewPlaces.Asker asker, String path, ObjectNode review) {
    CompletableFuture<JsonNode> mine = new CompletableFuture<>();
    @Nullable CompletableFuture<JsonNode> others = questions.putIfAbsent(question, mine);
    if (others != null) {
      JsonNode answer = others.join();
      return answer.isMissingNode() ? ask(asker, path, review) : answer;
    }
    JsonNode answer = MissingNode.getInstance();
    try {
      answer = ask(asker, path, review);
      return answer;
    } finally {
      questions.remove(question, mine);
      mine.complete(answer);
    }
  }

  private JsonNode ask(ReviewPlaces.Asker asker, String path, ObjectNode review) {
    if (!places.enter(asker)) {
      throw ApiException.tooManyRequests(
          "the API server is asked about too many tokens and rights now, please try again later",
          1);
    }
    try {
      return api.create(path, review.toString());
    } catch (UncheckedIOException e) {
      throw ApiException.ofCode(500, "the API server does not answer: " + e.getMessage());
    } finally {
      places.leave(asker);
    }
  }
}
