// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.differential;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;

/// Answers in a few bytes: of an object its digest, of a refusal its message.
final class Digests {
  private static final int HEX_DIGITS = 12;

  private final KnownDifferences known;

  Digests(KnownDifferences known) {
    this.known = known;
  }

  Recording.Told of(Recording.Told told) {
    List<Answers.Answer> answers = new ArrayList<>();
    for (Answers.Answer each : told.answers()) {
      answers.add(new Answers.Answer(each.status(), of(each.status(), each.body())));
    }
    return new Recording.Told(told.script(), answers);
  }

  private JsonNode of(int status, JsonNode body) {
    JsonNode plain = known.blanked(body);
    if (status >= 300) {
      return JsonNodeFactory.instance.textNode(plain.path("message").asText());
    }
    return JsonNodeFactory.instance.textNode(digest(sorted(plain).toString()));
  }

  /// The steps whose answers are other ones than those recorded.
  List<String> differences(Recording.Told expected, Answers server) {
    Recording.Told got = of(Recording.tell(expected.script(), server));
    List<String> found = new ArrayList<>();
    for (int i = 0; i < expected.answers().size(); i++) {
      Script.Step step = expected.script().steps().get(i);
      Answers.Answer one = expected.answers().get(i);
      Answers.Answer other = got.answers().get(i);
      boolean same = one.status() == other.status() && one.body().equals(other.body());
      if (one.status() != 0 && !same && !step.shows().equals("cleanup")) {
        found.add(
            "%s: %s: expected %d %s, got %d %s for %s"
                .formatted(
                    expected.script().name(),
                    step.shows(),
                    one.status(),
                    one.body(),
                    other.status(),
                    other.body(),
                    step.call().body()));
      }
    }
    return found;
  }

  private static JsonNode sorted(JsonNode node) {
    JsonNodeFactory nodes = JsonNodeFactory.instance;
    if (node instanceof ArrayNode array) {
      ArrayNode items = nodes.arrayNode();
      array.forEach(each -> items.add(sorted(each)));
      return items;
    }
    if (!(node instanceof ObjectNode object)) {
      return node;
    }
    List<String> names = new ArrayList<>();
    object.fieldNames().forEachRemaining(names::add);
    Collections.sort(names);
    ObjectNode result = nodes.objectNode();
    names.forEach(each -> result.set(each, sorted(object.get(each))));
    return result;
  }

  private static String digest(String text) {
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(hash).substring(0, HEX_DIGITS);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
