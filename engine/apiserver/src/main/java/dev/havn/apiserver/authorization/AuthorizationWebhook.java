// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.authorization;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.authorization.Decision.Verdict;
import dev.havn.apiserver.webhook.RememberedAnswers;
import dev.havn.apiserver.webhook.WebhookException;
import dev.havn.schema.codec.GoJson;
import java.time.InstantSource;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Asks a server of the users' own whether somebody may do something, by a SubjectAccessReview, and
/// remembers what it said for a while. Failures are not remembered. For many threads.
final class AuthorizationWebhook {
  private static final Logger LOG = LoggerFactory.getLogger(AuthorizationWebhook.class);

  /// Of what is remembered: texts of a question that who asks can make longer.
  private static final int QUESTION_CHARS_MAX = 10_000;

  private final WebhookSettings settings;
  private final Function<ObjectNode, ObjectNode> server;
  private final RememberedAnswers<Decision> answers;

  /// @param server answers reviews, or throws a [WebhookException]
  AuthorizationWebhook(
      WebhookSettings settings, Function<ObjectNode, ObjectNode> server, InstantSource clock) {
    this.settings = settings;
    this.server = server;
    this.answers = new RememberedAnswers<>(clock);
  }

  Decision decide(Attributes wish) {
    try {
      if (!settings.conditions().hold(wish)) {
        return Decision.NO_OPINION;
      }
    } catch (IllegalArgumentException e) {
      return failure(e);
    }
    ObjectNode spec = AccessReviewSpec.sent(wish);
    String question = RememberedAnswers.question(List.of(spec.toString()));
    @Nullable Decision known = answers.get(question);
    if (known != null) {
      return known;
    }
    try {
      Decision decision = ask(spec);
      if (length(wish) + decision.reason().length() < QUESTION_CHARS_MAX) {
        answers.put(
            question,
            decision,
            decision.allowed() ? settings.authorizedTtl() : settings.unauthorizedTtl());
      }
      return decision;
    } catch (WebhookException | IllegalArgumentException e) {
      LOG.error("Failed to make webhook authorizer request: {}", e.getMessage());
      return failure(e);
    }
  }

  private Decision failure(RuntimeException e) {
    return new Decision(
        settings.denies() ? Verdict.DENY : Verdict.NO_OPINION, "", String.valueOf(e.getMessage()));
  }

  private static int length(Attributes wish) {
    return wish.namespace().length()
        + wish.verb().length()
        + wish.group().length()
        + wish.version().length()
        + wish.resource().length()
        + wish.subresource().length()
        + wish.name().length()
        + wish.path().length();
  }

  /// @throws IllegalArgumentException when what comes back is no review
  private Decision ask(ObjectNode spec) {
    String apiVersion = "authorization.k8s.io/" + settings.version();
    ObjectNode review = JsonNodeFactory.instance.objectNode();
    review.put("kind", "SubjectAccessReview").put("apiVersion", apiVersion);
    review.putObject("metadata").putNull("creationTimestamp");
    ObjectNode given = spec.deepCopy();
    if (settings.version().equals("v1beta1") && given.has("groups")) {
      given.set("group", given.remove("groups"));
    }
    review.set("spec", given);
    review.putObject("status").put("allowed", false);
    ObjectNode answer = server.apply(review);
    if (!answer.path("kind").asText().equals("SubjectAccessReview")
        || !answer.path("apiVersion").asText().equals(apiVersion)) {
      throw new IllegalArgumentException(
          "no kind \"%s\" is registered for version \"%s\" in scheme \"pkg/runtime/scheme.go:111\""
              .formatted(answer.path("kind").asText(), answer.path("apiVersion").asText()));
    }
    JsonNode status = answer.path("status");
    boolean allowed = GoJson.flag(status.path("allowed"));
    boolean denied = GoJson.flag(status.path("denied"));
    Verdict verdict = denied ? Verdict.DENY : allowed ? Verdict.ALLOW : Verdict.NO_OPINION;
    return new Decision(
        verdict,
        GoJson.text(status.path("reason")),
        denied && allowed
            ? "webhook subject access review returned both allow and deny response"
            : "");
  }
}
