// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.differential;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.codec.Yaml;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/// The differences that are meant, each with its reason: `known-differences.yaml`.
final class KnownDifferences {
  private final List<Known> all;

  private KnownDifferences(List<Known> all) {
    this.all = all;
  }

  /// @param request matches `KIND NUMBER: METHOD PATH BODY`
  /// @param difference matches one line of what differs
  /// @param status such as `expected 404, got 200`, which explains all else of an answer; empty for
  ///   none
  /// @param text a part of messages that is not compared; empty for none
  record Known(String reason, Pattern request, Pattern difference, String status, String text) {
    boolean isOfText() {
      return !text.isEmpty();
    }

    /// @param lines all that differs of the answer
    boolean covers(String line, List<String> lines) {
      return status.isEmpty()
          ? difference.matcher(line).find()
          : lines.contains("status: " + status);
    }
  }

  static KnownDifferences load() {
    try (InputStream in = KnownDifferences.class.getResourceAsStream("known-differences.yaml")) {
      if (in == null) {
        throw new AssertionError("known-differences.yaml is not on the class path");
      }
      List<Known> all = new ArrayList<>();
      for (JsonNode each : Yaml.read(in.readAllBytes()).path("differences")) {
        all.add(
            new Known(
                each.path("reason").asText(),
                Pattern.compile(each.path("request").asText(".*"), Pattern.DOTALL),
                Pattern.compile(each.path("difference").asText(".*"), Pattern.DOTALL),
                each.path("status").asText(""),
                each.path("text").asText("")));
      }
      return new KnownDifferences(List.copyOf(all));
    } catch (IOException e) {
      throw new UncheckedIOException("known-differences.yaml", e);
    }
  }

  List<Known> all() {
    return all;
  }

  /// An answer without the parts of its messages that are not compared.
  JsonNode blanked(JsonNode answer) {
    JsonNode copy = answer.deepCopy();
    blank(copy);
    return copy;
  }

  private void blank(JsonNode node) {
    if (node instanceof ObjectNode object && object.path("message").isTextual()) {
      String message = object.get("message").asText();
      for (Known each : all) {
        message = each.isOfText() ? message.replaceAll(each.text(), "") : message;
      }
      object.put("message", message);
    }
    node.forEach(this::blank);
  }

  /// Whether every line of what differs is meant.
  boolean explain(String script, Script.Step step, List<String> lines) {
    Answers.Call call = step.call();
    String request = script + ": " + call.method() + " " + call.path() + " " + call.body();
    List<Known> asked =
        all.stream()
            .filter(each -> !each.isOfText() && each.request().matcher(request).find())
            .toList();
    return lines.stream()
        .allMatch(line -> asked.stream().anyMatch(each -> each.covers(line, lines)));
  }
}
