// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.apply;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.Schema;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
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

  private static ArrayNode mergeList(JsonNode live, JsonNode applied, Schema.ListOf list) {
    Map<String, JsonNode> present = Fields.listItems(list, live);
    Map<String, JsonNode> wanted = Fields.listItems(list, applied);
    List<String> order = order(new ArrayList<>(present.keySet()), new ArrayList<>(wanted.keySet()));
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

  /// Applied items come in their own order. Live ones stand between them: before the item that they
  /// stood before, as long as that item has kept its turn.
  private static List<String> order(List<String> live, List<String> applied) {
    Set<String> wanted = Set.copyOf(applied);
    Set<String> order = new LinkedHashSet<>();
    Deque<String> turns = new ArrayDeque<>(applied);
    turns.retainAll(Set.copyOf(live));
    int theirs = 0;
    int mine = 0;
    while (theirs < live.size() || mine < applied.size()) {
      String item = theirs < live.size() ? live.get(theirs) : "";
      String next = mine < applied.size() ? applied.get(mine) : "";
      if (!item.isEmpty() && !wanted.contains(item)) {
        order.add(item);
        theirs++;
        continue;
      }
      boolean same = item.equals(next);
      boolean outOfTurn = !turns.isEmpty() && !item.equals(turns.peek());
      if (!item.isEmpty() && !next.isEmpty() && !same && outOfTurn) {
        theirs++;
        continue;
      }
      if (same || order.contains(item)) {
        theirs++;
      }
      if (!next.isEmpty()) {
        order.add(next);
        mine++;
        if (next.equals(turns.peek())) {
          turns.remove();
        }
      }
    }
    return List.copyOf(order);
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
