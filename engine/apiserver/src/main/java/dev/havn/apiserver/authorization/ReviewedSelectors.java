// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.authorization;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.schema.select.FieldSelector;
import dev.havn.schema.select.LabelSelector;
import dev.havn.schema.select.SelectorException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// Selectors in a question for access. No rule of RBAC looks at them, so all there is to say is
/// which of them cannot be read.
final class ReviewedSelectors {
  private static final Set<String> OPERATORS = Set.of("In", "NotIn", "Exists", "DoesNotExist");

  private ReviewedSelectors() {}

  /// What `evaluationError` says of them; empty when they are well formed.
  static String problems(JsonNode resource) {
    List<String> problems = new ArrayList<>();
    for (String field : List.of("fieldSelector", "labelSelector")) {
      JsonNode selector = resource.path(field);
      int total = selector.path("requirements").size();
      int unread =
          total == 0
              ? unreadText(field, selector.path("rawSelector").asText(""))
              : unread(field, selector.path("requirements"));
      if (unread > 0) {
        problems.add(
            "spec.resourceAttributes.%s %signored due to parse error"
                .formatted(field, unread < total ? "partially " : ""));
      }
    }
    return String.join("; ", problems);
  }

  private static int unreadText(String field, String text) {
    try {
      if (field.equals("fieldSelector")) {
        FieldSelector.parse(text);
      } else {
        LabelSelector.parse(text);
      }
      return 0;
    } catch (SelectorException unreadable) {
      return 1;
    }
  }

  private static int unread(String field, JsonNode requirements) {
    int unread = 0;
    for (JsonNode each : requirements) {
      String operator = each.path("operator").asText("");
      boolean read =
          field.equals("labelSelector")
              ? OPERATORS.contains(operator)
              : operator.endsWith("In") && each.path("values").size() == 1;
      unread += read ? 0 : 1;
    }
    return unread;
  }
}
