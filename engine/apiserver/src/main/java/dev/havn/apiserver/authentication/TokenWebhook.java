// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.authentication;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.webhook.RememberedAnswers;
import dev.havn.apiserver.webhook.WebhookException;
import dev.havn.schema.codec.GoJson;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Asks a server of the users' own for whom a token speaks, by a TokenReview, and remembers what it
/// said for a while. Failures are not remembered. For many threads.
final class TokenWebhook implements TokenAuthenticator {
  private static final Logger LOG = LoggerFactory.getLogger(TokenWebhook.class);

  private final Function<ObjectNode, ObjectNode> server;
  private final String version;
  private final Duration remembered;
  private final List<String> own;
  private final RememberedAnswers<Outcome> answers;

  /// Apart, so that made-up tokens push out no good ones.
  private final RememberedAnswers<Outcome> strangers;

  /// What is being asked just now: many requests with one token ask once.
  private final Map<String, CompletableFuture<Outcome>> underWay = new ConcurrentHashMap<>();

  /// @param server answers reviews, or throws a [WebhookException]
  /// @param version of `authentication.k8s.io`
  /// @param own audiences of the API server, which a server that says nothing of audiences means
  TokenWebhook(
      Function<ObjectNode, ObjectNode> server,
      String version,
      Duration remembered,
      List<String> own,
      InstantSource clock) {
    this.server = server;
    this.version = version;
    this.remembered = remembered;
    this.own = own;
    this.answers = new RememberedAnswers<>(clock);
    this.strangers = new RememberedAnswers<>(clock);
  }

  @Override
  public Outcome authenticate(String token, List<String> audiences) {
    List<String> parts = new ArrayList<>(audiences);
    parts.add(token);
    String question = RememberedAnswers.question(parts);
    @Nullable Outcome known = answers.get(question);
    known = known == null ? strangers.get(question) : known;
    if (known != null) {
      return known;
    }
    CompletableFuture<Outcome> mine = new CompletableFuture<>();
    @Nullable CompletableFuture<Outcome> others = underWay.putIfAbsent(question, mine);
    if (others != null) {
      return others.join();
    }
    try {
      Outcome outcome = ask(token, audiences);
      if (!(outcome instanceof Outcome.Refused)) {
        (outcome instanceof Outcome.Known ? answers : strangers).put(question, outcome, remembered);
      }
      mine.complete(outcome);
      return outcome;
    } finally {
      mine.complete(new Outcome.Refused("the webhook was not asked"));
      underWay.remove(question);
    }
  }

  private Outcome ask(String token, List<String> audiences) {
    String apiVersion = "authentication.k8s.io/" + version;
    ObjectNode review = JsonNodeFactory.instance.objectNode();
    review.put("kind", "TokenReview").put("apiVersion", apiVersion);
    review.putObject("metadata").putNull("creationTimestamp");
    ObjectNode spec = review.putObject("spec").put("token", token);
    audiences.forEach(spec.putArray("audiences")::add);
    review.putObject("status").putObject("user");
    JsonNode answer;
    try {
      answer = server.apply(review);
    } catch (WebhookException e) {
      LOG.error("Failed to make webhook authenticator request: {}", e.getMessage());
      return new Outcome.Refused(String.valueOf(e.getMessage()));
    }
    if (!answer.path("kind").asText().equals("TokenReview")
        || !answer.path("apiVersion").asText().equals(apiVersion)) {
      return new Outcome.Refused(
          "no kind \"%s\" is registered for version \"%s\" in scheme \"pkg/runtime/scheme.go:111\""
              .formatted(answer.path("kind").asText(), answer.path("apiVersion").asText()));
    }
    try {
      return read(answer.path("status"), audiences);
    } catch (IllegalArgumentException e) {
      LOG.error("The webhook authenticator answers with no TokenReview: {}", e.getMessage());
      return new Outcome.Refused(String.valueOf(e.getMessage()));
    }
  }

  private Outcome read(JsonNode status, List<String> audiences) {
    List<String> told = texts(status.path("audiences"));
    List<String> meant =
        audiences.stream().filter((told.isEmpty() ? own : told)::contains).toList();
    if (meant.isEmpty()) {
      return Outcome.NONE;
    }
    if (!GoJson.flag(status.path("authenticated"))) {
      String why = GoJson.text(status.path("error"));
      return why.isEmpty() ? Outcome.NONE : new Outcome.Refused(why);
    }
    JsonNode user = status.path("user");
    Map<String, List<String>> extra = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> each : user.path("extra").properties()) {
      extra.put(each.getKey(), texts(each.getValue()));
    }
    return new Outcome.Known(
        new UserInfo(
            GoJson.text(user.path("username")),
            GoJson.text(user.path("uid")),
            texts(user.path("groups")),
            extra),
        meant);
  }

  private static List<String> texts(JsonNode list) {
    List<String> texts = new ArrayList<>();
    list.forEach(each -> texts.add(GoJson.text(each)));
    return List.copyOf(texts);
  }
}
