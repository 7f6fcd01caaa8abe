// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.patch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.Schema;
import dev.havn.schema.codec.GoText;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What `$setElementOrder/…` directives of one map have to be: lists that name all items of the
/// list which the patch has beside them, in the same order.
final class ElementOrders {
  private ElementOrders() {}

  /// @param target the map that is patched
  /// @throws PatchException in the words of Kubernetes
  static void check(ObjectNode target, ObjectNode patch, @Nullable Schema schema) {
    for (Map.Entry<String, JsonNode> each : patch.properties()) {
      if (!each.getKey().startsWith(StrategicMergePatch.ORDER)) {
        continue;
      }
      String name = each.getKey().substring(StrategicMergePatch.ORDER.length());
      ArrayNode order = list(each.getValue());
      if (patch.has(name)) {
        list(patch.get(name));
      }
      if (target.has(name)) {
        list(target.get(name));
      }
      @Nullable String mergeKey = key(schema, name);
      check(order, patch.path(name), target.has(name), mergeKey);
      if (mergeKey != null) {
        target.path(name).forEach(item -> checkKey(item, mergeKey));
      }
    }
  }

  private static void check(
      ArrayNode order, JsonNode patch, boolean stands, @Nullable String mergeKey) {
    List<JsonNode> items = new ArrayList<>();
    patch.forEach(items::add);
    items.removeIf(item -> item.path(StrategicMergePatch.PATCH).asText("").equals("delete"));
    if (order.isEmpty() || items.isEmpty() && !stands) {
      return;
    }
    if (mergeKey != null) {
      if (items.isEmpty() && !order.get(0).isObject()) {
        throw PatchException.internal("value for key 0 is not a map");
      }
      order.forEach(item -> checkKey(item, mergeKey));
      items.forEach(item -> checkKey(item, mergeKey));
    }
    if (!follows(items, order, mergeKey)) {
      throw PatchException.internal(
          "The order in patch list:\n%s\n doesn't match $setElementOrder list:\n%s\n"
              .formatted(GoText.plain(patch), GoText.plain(order)));
    }
  }

  private static boolean follows(List<JsonNode> items, ArrayNode order, @Nullable String key) {
    int next = 0;
    int place = 0;
    while (next < items.size() && place < order.size()) {
      JsonNode item = items.get(next);
      if (item.has(StrategicMergePatch.PATCH)) {
        next++;
        continue;
      }
      if (identity(item, key).equals(identity(order.get(place), key))) {
        next++;
      }
      place++;
    }
    return next == items.size();
  }

  private static JsonNode identity(JsonNode item, @Nullable String key) {
    return key == null ? item : item.path(key);
  }

  static void checkKey(JsonNode item, String key) {
    if (!item.isObject()) {
      throw unlike("map[string]interface {}", item);
    }
    if (!item.has(key) && !item.has(StrategicMergePatch.PATCH)) {
      throw lacksKey(item, key);
    }
  }

  static PatchException lacksKey(JsonNode item, String key) {
    return PatchException.internal(
        "map: %s does not contain declared merge key: %s".formatted(GoText.plain(item), key));
  }

  private static ArrayNode list(JsonNode value) {
    if (value instanceof ArrayNode list) {
      return list;
    }
    throw unlike("[]interface {}", value);
  }

  private static PatchException unlike(String wanted, JsonNode value) {
    String type = value.isNull() ? "%!s(<nil>)" : GoText.type(value);
    return PatchException.internal("expected a " + wanted + ", but received a " + type);
  }

  /// @throws PatchException when a type that is known has no such field
  private static @Nullable String key(@Nullable Schema schema, String name) {
    if (!(schema instanceof Schema.Struct struct)) {
      return null;
    }
    Schema.@Nullable Field field = struct.field(name);
    if (field == null) {
      throw PatchException.internal(
          "unable to find api field in struct %s for the json field \"%s\""
              .formatted(struct.name().substring(struct.name().lastIndexOf('.') + 1), name));
    }
    return field.mergeKey();
  }
}
