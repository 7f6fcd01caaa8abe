// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.custom;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.validate.FieldError;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Whether the items of sets, and the keys of keyed lists, are there once.
final class ListCheck {
  private final List<FieldError> errors = new ArrayList<>();

  private ListCheck() {}

  static List<FieldError> check(JsonNode object, Structural schema) {
    ListCheck check = new ListCheck();
    check.value(object, schema, "");
    return check.errors;
  }

  private void value(JsonNode value, @Nullable Structural schema, String path) {
    if (schema == null) {
      return;
    }
    if (value.isObject()) {
      for (Map.Entry<String, JsonNode> each : value.properties()) {
        @Nullable Structural below = schema.below(each.getKey());
        boolean named = schema.properties().containsKey(each.getKey());
        String at =
            !named
                ? path + "[" + each.getKey() + "]"
                : path.isEmpty() ? each.getKey() : path + "." + each.getKey();
        value(each.getValue(), below, at);
      }
    } else if (value.isArray()) {
      if (schema.listType().equals("set")) {
        List<JsonNode> items = new ArrayList<>();
        value.forEach(items::add);
        once(items, path);
      } else if (schema.isKeyedList()) {
        keyed(value, schema, path);
      }
      for (int i = 0; i < value.size(); i++) {
        value(value.get(i), schema.items(), path + "[" + i + "]");
      }
    }
  }

  private void keyed(JsonNode list, Structural schema, String path) {
    List<JsonNode> keys = new ArrayList<>();
    for (int i = 0; i < list.size(); i++) {
      JsonNode item = list.get(i);
      if (!item.isObject() && !item.isNull()) {
        errors.add(
            FieldError.invalid(
                path + "[" + i + "]", item, "must be an object for an array of list-type map"));
        return;
      }
      ObjectNode key = JsonNodeFactory.instance.objectNode();
      for (String each : schema.keys().stream().sorted().toList()) {
        if (item.has(each)) {
          key.set(each, item.get(each));
        }
      }
      keys.add(key);
    }
    once(keys, path);
  }

  /// Tells of each value that is there more than once, where it stands for the second time.
  private void once(List<JsonNode> values, String path) {
    Map<JsonNode, Integer> seen = new HashMap<>();
    for (int i = 0; i < values.size(); i++) {
      if (seen.merge(values.get(i), 1, Integer::sum) == 2) {
        errors.add(
            new FieldError(
                FieldError.Type.DUPLICATE, path + "[" + i + "]", values.get(i).toString(), ""));
      }
    }
  }
}
