// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.webhook;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.havn.apiserver.transport.Connections.Answer;
import dev.havn.schema.codec.CodecException;
import dev.havn.schema.codec.GoJson;
import dev.havn.schema.codec.Json;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/// Reads an answer as Kubernetes' client does.
final class Answers {
  private static final String UNREADABLE = "couldn't get version/kind; json parse error: ";
  private static final String NO_OBJECT =
      "json: cannot unmarshal %s into Go value of type struct { APIVersion string"
          + " \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }";
  private static final int SHOWN_BYTES_MAX = 2_048;

  private Answers() {}

  /// @throws WebhookException when it is no object, or one that says that it is none
  static ObjectNode object(Answer answer) {
    if (answer.status() < 200 || answer.status() > 206) {
      throw refused(answer);
    }
    if (answer.body().length == 0) {
      throw new WebhookException(
          "0-length response with status code: %d and content type: %s"
              .formatted(answer.status(), answer.contentType()));
    }
    if (tree(answer) instanceof ObjectNode object) {
      if (isFailure(object)) {
        throw new WebhookException(object.path("message").asText(), object);
      }
      return object;
    }
    throw new WebhookException(UNREADABLE + NO_OBJECT.formatted(GoJson.type(tree(answer))));
  }

  /// Text that does not begin like JSON is a string, as in YAML.
  private static JsonNode tree(Answer answer) {
    String text = new String(answer.body(), StandardCharsets.UTF_8);
    try {
      return Json.read(answer.body()).tree();
    } catch (CodecException e) {
      if (!text.stripLeading().startsWith("{") && !text.stripLeading().startsWith("[")) {
        return TextNode.valueOf(text);
      }
      throw new WebhookException(UNREADABLE + e.getMessage(), e);
    }
  }

  private static boolean isFailure(ObjectNode object) {
    return object.path("kind").asText().equals("Status")
        && object.path("apiVersion").asText().equals("v1")
        && !object.path("status").asText().equals("Success");
  }

  private static WebhookException refused(Answer answer) {
    @Nullable ObjectNode status = status(answer);
    if (status != null) {
      return new WebhookException(status.path("message").asText(), status);
    }
    String type = answer.contentType();
    boolean readable = type.isEmpty() || type.startsWith("text/");
    int shown = Math.min(answer.body().length, SHOWN_BYTES_MAX);
    String said =
        readable ? new String(answer.body(), 0, shown, StandardCharsets.UTF_8).strip() : "unknown";
    return new WebhookException(words(answer.status(), said));
  }

  private static @Nullable ObjectNode status(Answer answer) {
    try {
      return Json.read(answer.body()).tree() instanceof ObjectNode object && isFailure(object)
          ? object
          : null;
    } catch (CodecException noJson) {
      return null;
    }
  }

  private static String words(int code, String said) {
    return switch (code) {
      case 400 -> "the server rejected our request for an unknown reason";
      case 401 -> "the server has asked for the client to provide credentials";
      case 403, 415 -> said;
      case 404 -> "the server could not find the requested resource";
      case 405 -> "the server does not allow this method on the requested resource";
      case 406 ->
          said.isEmpty() || said.equals("unknown")
              ? "the server was unable to respond with a content type that the client supports"
              : said;
      case 409 -> "the server reported a conflict";
      case 422 -> "the server rejected our request due to an error in our request";
      case 429 -> "the server has received too many requests and has asked us to try again later";
      case 503 -> "the server is currently unable to handle the request";
      case 504 ->
          "the server was unable to return a response in the time allotted, but may still be processing the request";
      default ->
          code >= 500
              ? "an error on the server (%s) has prevented the request from succeeding"
                  .formatted(TextNode.valueOf(said))
              : "the server responded with the status code %d but did not return more information"
                  .formatted(code);
    };
  }
}
