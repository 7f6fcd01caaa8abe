// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.apply;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.Schema;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Merges an applied configuration into the live object, and takes out fields, as the schema says.
final class TypedMerge {
  private TypedMerge() {}

  static JsonNode merge(@Nullable JsonNode live, JsonNode applied, @Nullable Schema schema) {
    if (applied instanceof ObjectNode config
        && live instanceof ObjectNode object
        && Fields.isGranular(schema)) {
      ObjectNode result = JsonNodeFactory.instance.objectNode();
      result.setAll(object);
      for (Map.Entry<String, JsonNode> field : config.properties()) {
        boolean nothing = field.getValue().isNull() && isEmptyObject(object.get(field.getKey()));
        if (nothing) {
          result.remove(field.getKey());
          continue;
        }
        result.set(
            field.getKey(),
            merge(
                object.get(field.getKey()),
                field.getValue(),
                Fields.schemaOf(schema, field.getKey())));
      }
      return result;
    }
    if (applied instanceof ArrayNode
        && live instanceof ArrayNode
        && schema instanceof Schema.ListOf list
        && Fields.isAssociative(list)) {
      return mergeList(live, applied, list);
    }
    return applied.isNull() && live != null && isGranular(schema) ? live : applied.deepCopy();
  }

  /// `{}` and `null` make nothing.
  private static boolean isEmptyObject(@Nullable JsonNode value) {
    return value != null && value.isObject() && value.isEmpty();
  }

  /// Of a value that is merged in parts, `null` names no part.
  private static boolean isGranular(@Nullable Schema schema) {
    return switch (schema) {
      case null -> false;
      case Schema.Struct struct -> !struct.atomic();
      case Schema.MapOf map -> !map.atomic();
      case Schema.ListOf list -> Fields.isAssociative(list);
      case Schema.Any any -> any.wire() == Schema.Wire.NONE;
      case Schema.Scalar _ -> false;
    };
  }

  /// Live items keep their places; items that are new follow the one that stands before them in the
  /// configuration.
  private static ArrayNode mergeList(JsonNode live, JsonNode applied, Schema.ListOf list) {
    Map<String, JsonNode> present = Fields.listItems(list, live);
    Map<String, JsonNode> wanted = Fields.listItems(list, applied);
    List<String> order = new ArrayList<>(present.keySet());
    int after = -1;
    for (String element : wanted.keySet()) {
      int at = order.indexOf(element);
      if (at < 0) {
        after = after < 0 && !order.isEmpty() ? order.size() - 1 : after;
        order.add(++after, element);
      } else {
        after = at;
      }
    }
    ArrayNode result = JsonNodeFactory.instance.arrayNode();
    for (String element : order) {
      @Nullable JsonNode mine = wanted.get(element);
      @Nullable JsonNode theirs = present.get(element);
      if (mine != null) {
        result.add(merge(theirs, mine, list.items()));
      } else if (theirs != null) {
        result.add(theirs);
      }
    }
    return result;
  }

  /// The object without the members of `gone`; containers that become empty by it go too, and so do
  /// items of lists of which nobody owns anything, with all that nobody owns in them.
  ///
  /// @param owned what others own
  static JsonNode without(
      JsonNode value, FieldSet gone, @Nullable FieldSet owned, @Nullable Schema schema) {
    if (value instanceof ObjectNode object && Fields.isGranular(schema)) {
      ObjectNode result = JsonNodeFactory.instance.objectNode();
      for (Map.Entry<String, JsonNode> field : object.properties()) {
        @Nullable FieldSet below = gone.at(PathElements.field(field.getKey()));
        @Nullable FieldSet kept =
            owned == null ? null : owned.at(PathElements.field(field.getKey()));
        keep(field.getValue(), below, kept, Fields.schemaOf(schema, field.getKey()))
            .ifPresent(rest -> result.set(field.getKey(), rest));
      }
      return result;
    }
    if (value.isArray() && schema instanceof Schema.ListOf list && Fields.isAssociative(schema)) {
      ArrayNode result = JsonNodeFactory.instance.arrayNode();
      Map<String, JsonNode> items = new LinkedHashMap<>(Fields.listItems(list, value));
      items.forEach(
          (element, item) ->
              keep(item, gone.at(element), owned == null ? null : owned.at(element), list.items())
                  .ifPresent(result::add));
      return result;
    }
    return value;
  }

  private static java.util.Optional<JsonNode> keep(
      JsonNode value, @Nullable FieldSet gone, @Nullable FieldSet owned, @Nullable Schema schema) {
    if (gone == null) {
      return java.util.Optional.of(value);
    }
    boolean unowned = gone.isMember() && (owned == null || owned.isEmpty());
    boolean leaf = unowned || gone.children().isEmpty() || !value.isContainerNode();
    if (leaf) {
      return unowned ? java.util.Optional.empty() : java.util.Optional.of(value);
    }
    JsonNode rest = without(value, gone, owned, schema);
    boolean emptied = rest.isContainerNode() && rest.isEmpty() && !value.isEmpty();
    return emptied ? java.util.Optional.empty() : java.util.Optional.of(rest);
  }
}
