// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.definition;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.resource.ApiException;
import dev.havn.apiserver.webhook.WebhookClient;
import dev.havn.apiserver.webhook.WebhookException;
import dev.havn.apiserver.webhook.WebhookTarget;
import dev.havn.schema.custom.Converter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/// Asks a webhook to convert custom objects between versions (`ConversionReview`).
public final class ConversionWebhook implements Converter {
  private static final String GROUP = "apiextensions.k8s.io/";
  private static final Duration TIMEOUT = Duration.ofSeconds(30);

  private final WebhookClient client;
  private final WebhookTarget target;
  private final String reviewVersion;
  private final Supplier<String> uids;

  /// @param conversion `spec.conversion` of a definition
  public ConversionWebhook(WebhookClient client, JsonNode conversion, Supplier<String> uids) {
    this.client = client;
    this.target = WebhookTarget.of(conversion.path("webhook").path("clientConfig"));
    this.reviewVersion = reviewVersion(conversion.path("webhook"));
    this.uids = uids;
  }

  /// The first that the webhook understands and that is known here.
  private static String reviewVersion(JsonNode webhook) {
    for (JsonNode each : webhook.path("conversionReviewVersions")) {
      if (List.of("v1", "v1beta1").contains(each.asText())) {
        return GROUP + each.asText();
      }
    }
    return "";
  }

  @Override
  public List<ObjectNode> convert(List<ObjectNode> objects, String apiVersion) {
    List<ObjectNode> asked =
        objects.stream()
            .filter(object -> !object.path("apiVersion").asText().equals(apiVersion))
            .toList();
    if (asked.isEmpty()) {
      return objects;
    }
    JsonNode first = asked.getFirst();
    String named = first.path("apiVersion").asText() + ", Kind=" + first.path("kind").asText();
    String failed = "conversion webhook for " + named;
    if (reviewVersion.isEmpty()) {
      throw ApiException.unreasoned("no supported conversion review versions");
    }
    ArrayNode answered = answer(asked, apiVersion, failed);
    if (answered.size() != asked.size()) {
      throw ApiException.unreasoned(
          "%s returned %d objects, expected %d".formatted(failed, answered.size(), asked.size()));
    }
    List<ObjectNode> result = new ArrayList<>();
    int next = 0;
    for (ObjectNode object : objects) {
      if (object.path("apiVersion").asText().equals(apiVersion)) {
        result.add(object);
      } else {
        result.add(checked(object, answered.get(next++), apiVersion, failed));
      }
    }
    return result;
  }

  private ArrayNode answer(List<ObjectNode> asked, String apiVersion, String failed) {
    String uid = uids.get();
    ObjectNode review = JsonNodeFactory.instance.objectNode();
    review.put("kind", "ConversionReview").put("apiVersion", reviewVersion);
    ObjectNode request = review.putObject("request");
    request.put("uid", uid).put("desiredAPIVersion", apiVersion);
    asked.forEach(request.putArray("objects")::add);
    try {
      ObjectNode answer = client.call(target, review, TIMEOUT);
      return converted(answer, uid);
    } catch (WebhookException | IllegalStateException e) {
      throw ApiException.unreasoned(failed + " failed: " + e.getMessage());
    }
  }

  /// @throws IllegalStateException when the answer is none to this question
  private ArrayNode converted(ObjectNode answer, String uid) {
    JsonNode response = answer.path("response");
    String kind = answer.path("apiVersion").asText("") + ", Kind=" + answer.path("kind").asText("");
    String wanted = reviewVersion + ", Kind=ConversionReview";
    boolean strict = reviewVersion.endsWith("/v1");
    if (strict && !kind.equals(wanted)) {
      throw new IllegalStateException(
          "expected webhook response of %s, got %s".formatted(wanted, kind));
    }
    if (!response.isObject()) {
      throw new IllegalStateException("no response provided");
    }
    String given = response.path("uid").asText("");
    if (strict && !given.equals(uid)) {
      throw new IllegalStateException(
          "expected response.uid=\"%s\", got \"%s\"".formatted(uid, given));
    }
    String status = response.path("result").path("status").asText("");
    String message = response.path("result").path("message").asText("");
    if (!status.equals("Success")) {
      throw new IllegalStateException(
          message.isEmpty()
              ? "response.result.status was '%s', not 'Success'".formatted(status)
              : message);
    }
    return response.path("convertedObjects") instanceof ArrayNode objects
        ? objects
        : JsonNodeFactory.instance.arrayNode();
  }

  /// A webhook may change labels and annotations, but not what the object is.
  private static ObjectNode checked(
      ObjectNode before, JsonNode answered, String apiVersion, String failed) {
    String invalid = failed + " returned invalid converted object: ";
    if (!(answered instanceof ObjectNode after)) {
      throw ApiException.unreasoned(invalid + "it is no object");
    }
    String version = after.path("apiVersion").asText("");
    if (!version.equals(apiVersion)) {
      throw ApiException.unreasoned(
          invalid
              + "invalid groupVersion (expected %s, received %s)".formatted(apiVersion, version));
    }
    same(before.path("kind"), after.path("kind"), "kind", invalid);
    JsonNode old = before.path("metadata");
    for (String field : List.of("name", "namespace", "uid")) {
      String shown = field.equals("uid") ? "UID" : field;
      same(old.path(field), after.path("metadata").path(field), shown, invalid);
    }
    if (!(after.get("metadata") instanceof ObjectNode metadata)) {
      throw ApiException.unreasoned(invalid + "missing metadata in converted object");
    }
    ObjectNode restored = old.deepCopy();
    for (String field : List.of("labels", "annotations")) {
      restored.remove(field);
      if (metadata.path(field).isObject()) {
        restored.set(field, metadata.get(field));
      }
    }
    after.set("metadata", restored);
    return after;
  }

  private static void same(JsonNode before, JsonNode after, String field, String invalid) {
    if (!before.asText("").equals(after.asText(""))) {
      throw ApiException.unreasoned(
          invalid
              + "must have the same %s: %s != %s"
                  .formatted(field, before.asText(""), after.asText("")));
    }
  }
}
