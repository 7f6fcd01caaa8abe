// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.schema.validate.FieldError;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/// Rules of labels by whose values a pod chooses others (KEP-3633, KEP-3243). A pod's own values
/// are already part of its selectors when these are asked.
final class LabelKeyRules {
  private static final String MATCH = "matchLabelKeys";
  private static final String MISMATCH = "mismatchLabelKeys";

  private LabelKeyRules() {}

  /// Of a term of pod affinity.
  static void ofTerm(At term) {
    At selector = term.at("labelSelector");
    names(term.at(MATCH), selector);
    names(term.at(MISMATCH), selector);
    once(term.at(MATCH), selector);
    Set<JsonNode> others = new HashSet<>();
    term.at(MISMATCH).value().forEach(others::add);
    for (At key : term.at(MATCH).items()) {
      if (others.contains(key.value())) {
        key.invalidText("exists in both matchLabelKeys and mismatchLabelKeys");
      }
    }
  }

  /// Of a spread constraint.
  static void ofSpread(At constraint) {
    At keys = constraint.at(MATCH);
    names(keys, constraint.at("labelSelector"));
    once(keys, constraint.at("labelSelector"));
  }

  private static void names(At keys, At selector) {
    if (keys.isEmpty()) {
      return;
    }
    if (!selector.isThere()) {
      keys.forbidden("must not be specified when labelSelector is not set");
      return;
    }
    keys.items().forEach(key -> key.has(Formats::qualifiedName));
  }

  /// A key that the selector has twice was there before the pod's value of it came.
  private static void once(At keys, At selector) {
    String place = keys.path().substring(0, keys.path().lastIndexOf('.'));
    Map<String, Integer> numbers = new HashMap<>();
    for (int i = 0; i < keys.value().size(); i++) {
      numbers.put(keys.value().get(i).asText(), i);
    }
    Set<String> seen = new HashSet<>(selector.at("matchLabels").entries().keySet());
    for (At expression : selector.at("matchExpressions").items()) {
      String key = expression.at("key").text();
      if (!seen.add(key) && numbers.containsKey(key)) {
        keys.errors()
            .add(
                FieldError.invalid(
                    place + "[" + numbers.get(key) + "]",
                    key,
                    "exists in both matchLabelKeys and labelSelector"));
      }
    }
  }
}
