// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;

/// Compares statuses as the API shows them: an absent field and a null, an empty list or object are
/// one.
final class PodStatuses {
  private PodStatuses() {}

  static boolean same(JsonNode stored, JsonNode wanted) {
    if (isNothing(stored) && isNothing(wanted)) {
      return true;
    }
    if (stored.isObject() && wanted.isObject()) {
      for (Map.Entry<String, JsonNode> field : wanted.properties()) {
        if (!same(stored.path(field.getKey()), field.getValue())) {
          return false;
        }
      }
      for (Map.Entry<String, JsonNode> field : stored.properties()) {
        if (!wanted.has(field.getKey()) && !isNothing(field.getValue())) {
          return false;
        }
      }
      return true;
    }
    if (stored.isArray() && wanted.isArray() && stored.size() == wanted.size()) {
      for (int i = 0; i < stored.size(); i++) {
        if (!same(stored.get(i), wanted.get(i))) {
          return false;
        }
      }
      return true;
    }
    return stored.isNumber() && wanted.isNumber()
        ? stored.asLong() == wanted.asLong()
        : stored.equals(wanted);
  }

  private static boolean isNothing(JsonNode node) {
    return node.isMissingNode() || node.isNull() || (node.isContainerNode() && node.isEmpty());
  }
}
