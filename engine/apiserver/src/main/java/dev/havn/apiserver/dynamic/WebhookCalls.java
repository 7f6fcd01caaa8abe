// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.dynamic;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.havn.apiserver.admission.Admission.Write;
import dev.havn.apiserver.resource.ApiException;
import dev.havn.apiserver.resource.Objects;
import dev.havn.apiserver.resource.Uid;
import dev.havn.apiserver.webhook.WebhookClient;
import dev.havn.apiserver.webhook.WebhookException;
import dev.havn.apiserver.webhook.WebhookTarget;
import dev.havn.schema.ResourceType;
import dev.havn.schema.codec.CodecException;
import dev.havn.schema.codec.Json;
import dev.havn.schema.expression.EvaluationException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.random.RandomGenerator;

/// Asks a webhook about a write and checks what it answers.
public final class WebhookCalls {
  private final WebhookClient client;
  private final Objects objects;
  private final Variables variables;
  private final RandomGenerator random;
  private final AdmissionMetrics metrics;

  public WebhookCalls(
      WebhookClient client,
      Objects objects,
      Variables variables,
      RandomGenerator random,
      AdmissionMetrics metrics) {
    this.client = client;
    this.objects = objects;
    this.variables = variables;
    this.random = random;
    this.metrics = metrics;
  }

  /// What a webhook said.
  ///
  /// @param patch a JSON patch as text, or empty
  record Verdict(
      boolean allowed,
      JsonNode result,
      byte[] patch,
      List<String> warnings,
      Map<String, String> annotations) {

    /// The refusal, when it is one.
    ApiException refusal(Webhook webhook) {
      ObjectNode status =
          result instanceof ObjectNode given
              ? given.deepCopy()
              : JsonNodeFactory.instance.objectNode();
      String refused = "admission webhook \"" + webhook.name() + "\" denied the request";
      String message = status.path("message").asText("");
      String why = message.isEmpty() ? status.path("reason").asText("") : message;
      status.put(
          "message", why.isEmpty() ? refused + " without explanation" : refused + ": " + why);
      return ApiException.ofStatus(status);
    }
  }

  /// The type as which a webhook is to see a write; empty when it is not to see it at all.
  ///
  /// @param mutating whether the object is not validated yet
  /// @throws ApiException when a condition has no value and failures count
  Optional<ResourceType> match(Webhook webhook, Write write, boolean mutating) {
    Optional<ResourceType> as = webhook.matching().match(write, objects);
    if (as.isEmpty() || webhook.conditions().expressions().isEmpty()) {
      return as;
    }
    try {
      boolean hold = webhook.conditions().hold(variables.of(write, as.get(), mutating));
      return hold ? as : Optional.empty();
    } catch (EvaluationException e) {
      throw ApiException.forbidden(write.type(), write.name(), String.valueOf(e.getMessage()));
    }
  }

  /// Calls it.
  ///
  /// @param mutating whether it is asked before validation and may answer with a patch
  /// @throws WebhookFailure when it cannot be asked or answers what is no answer
  /// @throws ApiException when it may not be asked: the write is a dry run
  Verdict ask(Webhook webhook, Write write, ResourceType as, boolean mutating) {
    Instant since = metrics.now();
    AdmissionMetrics.Asked asked = AdmissionMetrics.Asked.impossible();
    try {
      Verdict verdict = answer(webhook, write, as, mutating);
      asked =
          verdict.allowed()
              ? AdmissionMetrics.Asked.AGREED
              : AdmissionMetrics.Asked.refused(verdict.refusal(webhook).code());
      return verdict;
    } catch (WebhookFailure e) {
      asked = AdmissionMetrics.Asked.failed(!webhook.ignoresFailure());
      throw e;
    } finally {
      metrics.webhook(webhook.name(), mutating, write.operation(), since, asked);
    }
  }

  private Verdict answer(Webhook webhook, Write write, ResourceType as, boolean mutating) {
    if (write.isDryRun() && webhook.hasSideEffects()) {
      throw ApiException.badRequest(
          "admission webhook \"" + webhook.name() + "\" does not support dry run");
    }
    String version = version(webhook);
    String uid = Uid.next(random);
    ObjectNode review = AdmissionReviews.review(write, as, mutating, version, uid);
    ObjectNode answer;
    try {
      answer = client.call(WebhookTarget.of(webhook.clientConfig()), review, webhook.timeout());
    } catch (WebhookException e) {
      throw new WebhookFailure(webhook, "failed to call webhook: " + e.getMessage(), e);
    }
    if (version.equals("v1")
        && answer.path("apiVersion").asText().equals(AdmissionReviews.GROUP + "/v1beta1")) {
      throw new WebhookFailure(
          webhook,
          "failed to call webhook: converting (v1beta1.AdmissionReview) to (v1.AdmissionReview): unknown conversion");
    }
    String type = answer.path("response").path("patchType").asText("JSONPatch");
    if (mutating && !type.isEmpty() && !type.equals("JSONPatch")) {
      throw new WebhookFailure(webhook, "unsupported patch type \"" + type + "\"");
    }
    try {
      return checked(answer, uid, version, mutating);
    } catch (CodecException e) {
      throw new WebhookFailure(webhook, "received invalid webhook response: " + e.getMessage(), e);
    }
  }

  private static String version(Webhook webhook) {
    return webhook.reviewVersions().stream()
        .filter(each -> each.equals("v1") || each.equals("v1beta1"))
        .findFirst()
        .orElseThrow(
            () ->
                new WebhookFailure(
                    webhook,
                    "could not create admission objects: webhook does not accept known AdmissionReview versions (v1, v1beta1)"));
  }

  private static Verdict checked(ObjectNode answer, String uid, String version, boolean mutating) {
    JsonNode response = answer.path("response");
    if (!response.isObject()) {
      throw new CodecException("webhook response was absent");
    }
    byte[] patch = patch(response);
    if (version.equals("v1")) {
      String got = response.path("uid").asText("");
      if (!got.equals(uid)) {
        throw new CodecException(
            "expected response.uid=\"%s\", got %s".formatted(uid, TextNode.valueOf(got)));
      }
      checkKind(answer);
      checkPatch(response, patch, mutating);
    }
    List<String> warnings = new ArrayList<>();
    response.path("warnings").forEach(each -> warnings.add(each.asText()));
    Map<String, String> annotations = new LinkedHashMap<>();
    response
        .path("auditAnnotations")
        .properties()
        .forEach(each -> annotations.put(each.getKey(), each.getValue().asText()));
    return new Verdict(
        response.path("allowed").asBoolean(),
        response.path("status"),
        mutating ? patch : new byte[0],
        warnings,
        annotations);
  }

  private static byte[] patch(JsonNode response) {
    try {
      return Base64.getDecoder().decode(response.path("patch").asText(""));
    } catch (IllegalArgumentException e) {
      throw new CodecException("illegal base64 data in response.patch");
    }
  }

  private static void checkKind(ObjectNode answer) {
    String apiVersion = answer.path("apiVersion").asText("");
    String kind = answer.path("kind").asText("");
    String wanted = AdmissionReviews.GROUP + "/v1";
    if (!apiVersion.equals(wanted) || !kind.equals("AdmissionReview")) {
      String group = apiVersion.contains("/") ? apiVersion : "/" + apiVersion;
      throw new CodecException(
          "expected webhook response of %s, Kind=AdmissionReview, got %s, Kind=%s"
              .formatted(wanted, group, kind));
    }
  }

  private static void checkPatch(JsonNode response, byte[] patch, boolean mutating) {
    boolean typed = response.hasNonNull("patchType");
    if (!mutating) {
      if (patch.length > 0) {
        throw new CodecException("validating webhook may not return response.patch");
      }
      if (typed) {
        throw new CodecException("validating webhook may not return response.patchType");
      }
      return;
    }
    if (patch.length > 0 && !typed) {
      throw new CodecException("webhook returned response.patch but not response.patchType");
    }
    if (patch.length == 0 && typed) {
      throw new CodecException("webhook returned response.patchType but not response.patch");
    }
    if (typed && response.path("patchType").asText().isEmpty()) {
      throw new CodecException("webhook returned invalid response.patchType of \"\"");
    }
  }

  /// A patch as a tree.
  ///
  /// @throws WebhookFailure when it is none
  static JsonNode patchOf(Webhook webhook, byte[] patch) {
    try {
      JsonNode tree = Json.read(patch).tree();
      if (tree.isArray()) {
        return tree;
      }
      throw new CodecException(
          "json: cannot unmarshal object into Go value of type jsonpatch.Patch");
    } catch (CodecException e) {
      throw new WebhookFailure(
          webhook, "received undecodable patch in webhook response: " + e.getMessage(), e);
    }
  }
}
