// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.authentication;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.webhook.RememberedAnswers;
import dev.havn.apiserver.webhook.WebhookException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
  }

  @Override
  public Outcome authenticate(String token, List<String> audiences) {
    String question = digest(token, audiences);
    @Nullable Outcome known = answers.get(question);
    if (known != null) {
      return known;
    }
    Outcome outcome = ask(token, audiences);
    if (!(outcome instanceof Outcome.Refused)) {
      answers.put(question, outcome, remembered);
    }
    return outcome;
  }

  /// Tokens are not kept as they are.
  private static String digest(String token, List<String> audiences) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (String each : audiences) {
        digest.update(each.getBytes(StandardCharsets.UTF_8));
        digest.update((byte) 0);
      }
      return HexFormat.of().formatHex(digest.digest(token.getBytes(StandardCharsets.UTF_8)));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("SHA-256 is part of every JDK", e);
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
    return read(answer.path("status"), audiences);
  }

  private Outcome read(JsonNode status, List<String> audiences) {
    List<String> told = texts(status.path("audiences"));
    List<String> meant =
        audiences.stream().filter((told.isEmpty() ? own : told)::contains).toList();
    if (meant.isEmpty()) {
      return Outcome.NONE;
    }
    if (!status.path("authenticated").asBoolean()) {
      String why = status.path("error").asText("");
      return why.isEmpty() ? Outcome.NONE : new Outcome.Refused(why);
    }
    JsonNode user = status.path("user");
    Map<String, List<String>> extra = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> each : user.path("extra").properties()) {
      extra.put(each.getKey(), texts(each.getValue()));
    }
    return new Outcome.Known(
        new UserInfo(
            user.path("username").asText(""),
            user.path("uid").asText(""),
            texts(user.path("groups")),
            extra),
        meant);
  }

  private static List<String> texts(JsonNode list) {
    List<String> texts = new ArrayList<>();
    list.forEach(each -> texts.add(each.asText("")));
    return List.copyOf(texts);
  }
}
