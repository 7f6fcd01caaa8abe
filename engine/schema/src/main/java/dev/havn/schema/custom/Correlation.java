// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.custom;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Which item of a list an item was before: that with the same keys. Items of other lists are not
/// the same over time.
///
/// @param byKeys the old items by their keys; empty for a list whose items have none
/// @param keys by which items are told apart
record Correlation(Map<List<JsonNode>, JsonNode> byKeys, List<String> keys) {
  private static final Correlation NONE = new Correlation(Map.of(), List.of());

  /// @param before the old list, or null when there was none
  static Correlation of(@Nullable JsonNode before, JsonNode schema) {
    if (before == null
        || !before.isArray()
        || !schema.path("x-kubernetes-list-type").asText("").equals("map")) {
      return NONE;
    }
    List<String> keys = new ArrayList<>();
    schema.path("x-kubernetes-list-map-keys").forEach(each -> keys.add(each.asText()));
    Map<List<JsonNode>, JsonNode> byKeys = new HashMap<>();
    before.forEach(item -> byKeys.put(keysOf(item, keys), item));
    return new Correlation(byKeys, keys);
  }

  private static List<JsonNode> keysOf(JsonNode item, List<String> keys) {
    List<JsonNode> values = new ArrayList<>();
    keys.forEach(key -> values.add(item.path(key)));
    return values;
  }

  @Nullable JsonNode of(JsonNode item) {
    return keys.isEmpty() ? null : byKeys.get(keysOf(item, keys));
  }
}
