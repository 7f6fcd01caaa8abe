// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.dynamic;

import dev.havn.apiserver.admission.Admission.Write;
import dev.havn.apiserver.resource.ApiException;
import dev.havn.schema.ResourceType;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The plugin ValidatingAdmissionWebhook: asks all webhooks at once, each on a virtual thread, and
/// refuses with the first refusal in their order.
final class ValidatingWebhooks {
  private static final Logger LOG = LoggerFactory.getLogger(ValidatingWebhooks.class);
  private static final String FAILED_OPEN =
      "failed-open.validation.webhook.admission.k8s.io/round_0_index_";

  private final WebhookCalls calls;

  ValidatingWebhooks(WebhookCalls calls) {
    this.calls = calls;
  }

  private record Question(Webhook webhook, ResourceType as) {}

  /// What came of one call: an answer, or why there is none.
  private record Outcome(
      WebhookCalls.@Nullable Verdict verdict,
      @Nullable WebhookFailure failure,
      @Nullable ApiException refusal) {}

  void validate(Write write, List<Webhook> webhooks) {
    List<Question> questions = new ArrayList<>();
    for (Webhook webhook : webhooks) {
      calls.match(webhook, write, false).ifPresent(as -> questions.add(new Question(webhook, as)));
    }
    List<Outcome> outcomes = outcomes(write, questions);
    @Nullable ApiException first = null;
    for (int i = 0; i < outcomes.size(); i++) {
      @Nullable ApiException refusal =
          refusal(write, questions.get(i).webhook(), i, outcomes.get(i));
      first = first == null ? refusal : first;
    }
    if (first != null) {
      throw first;
    }
  }

  private List<Outcome> outcomes(Write write, List<Question> questions) {
    if (questions.size() < 2) {
      return questions.stream().map(each -> ask(write, each)).toList();
    }
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Callable<Outcome>> asking =
          questions.stream().<Callable<Outcome>>map(each -> () -> ask(write, each)).toList();
      List<Outcome> outcomes = new ArrayList<>();
      for (Future<Outcome> each : threads.invokeAll(asking)) {
        outcomes.add(each.get());
      }
      return outcomes;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw ApiException.timeout("request did not complete within requested timeout");
    } catch (ExecutionException e) {
      throw new IllegalStateException("asking a webhook broke", e);
    }
  }

  private Outcome ask(Write write, Question question) {
    try {
      return new Outcome(calls.ask(question.webhook(), write, question.as(), false), null, null);
    } catch (WebhookFailure e) {
      return new Outcome(null, e, null);
    } catch (ApiException e) {
      return new Outcome(null, null, e);
    }
  }

  private static @Nullable ApiException refusal(
      Write write, Webhook webhook, int index, Outcome outcome) {
    if (outcome.refusal() != null) {
      return outcome.refusal();
    }
    WebhookCalls.@Nullable Verdict verdict = outcome.verdict();
    if (verdict != null) {
      verdict.warnings().forEach(write.notes()::warn);
      verdict
          .annotations()
          .forEach((key, value) -> write.notes().annotate(webhook.name() + "/" + key, value));
      return verdict.allowed() ? null : verdict.refusal(webhook);
    }
    String why = outcome.failure() == null ? "" : String.valueOf(outcome.failure().getMessage());
    if (!webhook.ignoresFailure()) {
      return ApiException.internal(why);
    }
    LOG.warn("going on without an answer: {}", why);
    write.notes().annotate(FAILED_OPEN + index, webhook.name());
    return null;
  }
}
