// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.apply;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.Schema;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Which fields an object has, and which differ between two.
final class Fields {
  private Fields() {}

  /// Every field that an applied configuration speaks of.
  static FieldSet of(JsonNode value, @Nullable Schema schema) {
    FieldSet set = new FieldSet();
    if (value instanceof ObjectNode object && isGranular(schema)) {
      if (object.isEmpty()) {
        set.mark();
      }
      for (Map.Entry<String, JsonNode> field : object.properties()) {
        FieldSet child = of(field.getValue(), schemaOf(schema, field.getKey()));
        boolean declared =
            schema instanceof Schema.Struct type && type.field(field.getKey()) != null;
        if (!declared) {
          // Of a map, the key is owned as well as what it leads to.
          child.mark();
        }
        set.put(PathElements.field(field.getKey()), child);
      }
    } else if (value instanceof ArrayNode array
        && schema instanceof Schema.ListOf list
        && isAssociative(list)) {
      for (JsonNode item : array) {
        @Nullable String element = PathElements.item(list, item);
        if (element != null) {
          FieldSet child = of(item, list.items());
          child.mark();
          set.put(element, child);
        }
      }
    } else {
      set.mark();
    }
    return set;
  }

  /// What changed from one object to another.
  ///
  /// @param written added or given another value
  /// @param removed no longer there
  record Difference(FieldSet written, FieldSet removed) {}

  static Difference between(JsonNode before, JsonNode after, @Nullable Schema schema) {
    Difference difference = new Difference(new FieldSet(), new FieldSet());
    compare(before, after, schema, difference, false);
    return difference;
  }

  /// What an applied configuration changes: an empty list is said, though it would not be written.
  static FieldSet appliedOver(JsonNode live, JsonNode merged, Schema schema) {
    Difference difference = new Difference(new FieldSet(), new FieldSet());
    compare(live, merged, schema, difference, true);
    return difference.written();
  }

  private static void compare(
      @Nullable JsonNode before,
      @Nullable JsonNode after,
      @Nullable Schema schema,
      Difference difference,
      boolean applied) {
    boolean object = isGranular(schema) && isObjectOrNone(before) && isObjectOrNone(after);
    boolean list = isAssociative(schema) && isArrayOrNone(before) && isArrayOrNone(after);
    boolean leaf = !object && !list || isEmptyOrNone(before) && isEmptyOrNone(after);
    if (!leaf && object) {
      compareChildren(objectItems(before), objectItems(after), schema, difference, applied);
    } else if (!leaf && schema instanceof Schema.ListOf listOf) {
      compareChildren(
          listItems(listOf, before), listItems(listOf, after), schema, difference, applied);
      markRepeated(groups(listOf, before), groups(listOf, after), difference.written());
    }
    boolean emptied = list && after != null && after.isEmpty() && !isEmptyOrNone(before);
    if (after == null || emptied) {
      difference.removed().mark();
    } else if (before == null || leaf && !before.equals(after)) {
      difference.written().mark();
    }
  }

  /// Items of one key are changed all at once when one of them is.
  private static void markRepeated(
      Map<String, List<JsonNode>> before, Map<String, List<JsonNode>> after, FieldSet written) {
    for (Map.Entry<String, List<JsonNode>> each : after.entrySet()) {
      List<JsonNode> old = before.getOrDefault(each.getKey(), List.of());
      boolean repeated = old.size() > 1 || each.getValue().size() > 1;
      if (repeated && !old.isEmpty() && !old.equals(each.getValue())) {
        FieldSet changed = new FieldSet();
        changed.mark();
        written.put(each.getKey(), changed);
      }
    }
  }

  private static Map<String, List<JsonNode>> groups(Schema.ListOf list, @Nullable JsonNode node) {
    Map<String, List<JsonNode>> groups = new LinkedHashMap<>();
    if (node != null) {
      for (JsonNode item : node) {
        @Nullable String element = PathElements.item(list, item);
        if (element != null) {
          groups.computeIfAbsent(element, _ -> new ArrayList<>()).add(item);
        }
      }
    }
    return groups;
  }

  private static void compareChildren(
      Map<String, JsonNode> before,
      Map<String, JsonNode> after,
      @Nullable Schema schema,
      Difference difference,
      boolean applied) {
    for (Map.Entry<String, JsonNode> each : after.entrySet()) {
      @Nullable JsonNode old = before.get(each.getKey());
      boolean nothing =
          !applied
              && old == null
              && each.getValue().isArray()
              && each.getValue().isEmpty()
              && isHidden(schema, each.getKey());
      if (!nothing && (old == null || !old.equals(each.getValue()))) {
        Difference inner = new Difference(new FieldSet(), new FieldSet());
        compare(old, each.getValue(), schemaOfElement(schema, each.getKey()), inner, applied);
        difference.written().put(each.getKey(), inner.written());
        difference.removed().put(each.getKey(), inner.removed());
      }
    }
    for (Map.Entry<String, JsonNode> each : before.entrySet()) {
      if (!after.containsKey(each.getKey())) {
        Difference inner = new Difference(new FieldSet(), new FieldSet());
        compare(each.getValue(), null, schemaOfElement(schema, each.getKey()), inner, applied);
        difference.removed().put(each.getKey(), inner.removed());
      }
    }
  }

  /// Whether an empty list is left out where this field is written.
  private static boolean isHidden(@Nullable Schema owner, String element) {
    if (!(owner instanceof Schema.Struct struct)) {
      return false;
    }
    Schema.@Nullable Field field = struct.field(element.substring(2));
    return field == null || field.zero() != Schema.Zero.SHOWN;
  }

  private static Map<String, JsonNode> objectItems(@Nullable JsonNode node) {
    Map<String, JsonNode> items = new LinkedHashMap<>();
    if (node != null) {
      for (Map.Entry<String, JsonNode> field : node.properties()) {
        items.put(PathElements.field(field.getKey()), field.getValue());
      }
    }
    return items;
  }

  static Map<String, JsonNode> listItems(Schema.ListOf list, @Nullable JsonNode node) {
    Map<String, JsonNode> items = new LinkedHashMap<>();
    if (node != null) {
      for (JsonNode item : node) {
        @Nullable String element = PathElements.item(list, item);
        if (element != null) {
          items.putIfAbsent(element, item);
        }
      }
    }
    return items;
  }

  private static boolean isObjectOrNone(@Nullable JsonNode node) {
    return node == null || node.isObject() || node.isNull();
  }

  private static boolean isArrayOrNone(@Nullable JsonNode node) {
    return node == null || node.isArray() || node.isNull();
  }

  /// Nothing, `null`, `{}` and `[]` have no fields of their own: they are compared as they are.
  private static boolean isEmptyOrNone(@Nullable JsonNode node) {
    return node == null || node.isNull() || node.isContainerNode() && node.isEmpty();
  }

  /// Whether each field of such an object has owners of its own.
  static boolean isGranular(@Nullable Schema schema) {
    return switch (schema) {
      case null -> true;
      case Schema.Struct struct -> !struct.atomic();
      case Schema.MapOf map -> !map.atomic();
      case Schema.Any any -> any.wire() == Schema.Wire.NONE;
      case Schema.ListOf _, Schema.Scalar _ -> false;
    };
  }

  static boolean isAssociative(@Nullable Schema schema) {
    return schema instanceof Schema.ListOf list && list.type() != Schema.ListType.ATOMIC;
  }

  static @Nullable Schema schemaOf(@Nullable Schema owner, String field) {
    if (owner instanceof Schema.Struct struct) {
      Schema.@Nullable Field known = struct.field(field);
      return known == null ? null : known.schema();
    }
    return owner instanceof Schema.MapOf map ? map.values() : null;
  }

  static @Nullable Schema schemaOfElement(@Nullable Schema owner, String element) {
    return owner instanceof Schema.ListOf list
        ? list.items()
        : schemaOf(owner, element.substring(2));
  }
}
