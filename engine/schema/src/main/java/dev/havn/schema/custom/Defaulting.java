// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.custom;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Fills in the defaults of a structural schema, in place. A `null` where none is allowed counts as
/// absent.
final class Defaulting {
  private Defaulting() {}

  static void apply(JsonNode value, @Nullable Structural schema) {
    if (schema == null) {
      return;
    }
    switch (value) {
      case ObjectNode object -> {
        for (Map.Entry<String, Structural> each : schema.properties().entrySet()) {
          @Nullable JsonNode standard = each.getValue().defaultValue();
          @Nullable JsonNode given = object.get(each.getKey());
          if (standard != null && (given == null || isForbiddenNull(given, each.getValue()))) {
            object.set(each.getKey(), standard.deepCopy());
          }
        }
        for (Map.Entry<String, JsonNode> each : object.properties()) {
          @Nullable Structural below = schema.below(each.getKey());
          @Nullable JsonNode standard = below == null ? null : below.defaultValue();
          if (below != null && standard != null && isForbiddenNull(each.getValue(), below)) {
            each.setValue(standard.deepCopy());
          }
          apply(each.getValue(), below);
        }
      }
      case ArrayNode array -> {
        @Nullable Structural items = schema.items();
        for (int i = 0; i < array.size(); i++) {
          @Nullable JsonNode standard = items == null ? null : items.defaultValue();
          if (items != null && standard != null && isForbiddenNull(array.get(i), items)) {
            array.set(i, standard.deepCopy());
          }
          apply(array.get(i), items);
        }
      }
      default -> {}
    }
  }

  private static boolean isForbiddenNull(JsonNode value, Structural schema) {
    return value.isNull() && !schema.nullable();
  }
}
