// SPDX-License-Identifier: Apache-2.0
package dev.havn.verify.differential;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/// The causes of a refusal in an order that does not depend on chance: Kubernetes walks over maps
/// in Go's random order, so what it says of the entries of one map, and of several managers, comes
/// in another order each time.
final class Causes {
  private static final String SURPLUS_SOURCE = "must populate the given metric source only";
  private static final String ERRORS = "errors:\n";

  private Causes() {}

  /// Orders the causes of a `Status`, and its message with them; leaves all else alone.
  static void order(ObjectNode status) {
    orderErrors(status);
    if (!(status.path("details").get("causes") instanceof ArrayNode causes)) {
      return;
    }
    List<JsonNode> given = new ArrayList<>();
    causes.forEach(given::add);
    List<JsonNode> ordered = ordered(given);
    causes.removeAll();
    ordered.forEach(causes::add);
    String message = status.path("message").asText();
    String before = joined(given);
    if (message.endsWith(before)) {
      status.put(
          "message", message.substring(0, message.length() - before.length()) + joined(ordered));
    }
  }

  /// What is said of an applied object, a line for each field, field by field of a map.
  private static void orderErrors(ObjectNode status) {
    String message = status.path("message").asText();
    int start = message.indexOf(ERRORS);
    if (message.startsWith("failed to create typed") && start >= 0) {
      List<String> lines = message.substring(start + ERRORS.length()).lines().sorted().toList();
      status.put(
          "message", message.substring(0, start + ERRORS.length()) + String.join("\n", lines));
    }
  }

  private static List<JsonNode> ordered(List<JsonNode> causes) {
    List<JsonNode> ordered = new ArrayList<>();
    int start = 0;
    for (int i = 1; i <= causes.size(); i++) {
      if (i == causes.size() || !place(causes.get(i)).equals(place(causes.get(start)))) {
        causes.subList(start, i).stream()
            .sorted(Comparator.comparing(JsonNode::toString))
            .forEach(ordered::add);
        start = i;
      }
    }
    return ordered;
  }

  /// The map that a cause is about; the sources of a metric are held in a set, too.
  private static String place(JsonNode cause) {
    if (cause.path("reason").asText().equals("FieldManagerConflict")) {
      return "";
    }
    String field = cause.path("field").asText();
    return cause.path("message").asText().endsWith(SURPLUS_SOURCE)
        ? field.replaceAll("[^.]*$", "")
        : field
            .replaceAll("\\[(?![0-9]+\\])[^\\[\\]]*\\]$", "")
            .replaceAll("^(status\\.(?:capacity|allocatable))\\..*$", "$1");
  }

  /// As the message of an invalid object lists them: each once.
  private static String joined(List<JsonNode> causes) {
    Set<String> texts = new LinkedHashSet<>();
    for (JsonNode each : causes) {
      texts.add(each.path("field").asText() + ": " + each.path("message").asText());
    }
    return texts.size() == 1
        ? texts.iterator().next()
        : texts.stream().collect(Collectors.joining(", ", "[", "]"));
  }
}
