// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.apply;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.Schema;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Which fields an object has, and which differ between two.
final class Fields {
  /// Structs that Go embeds by value: they are always there, so nobody adds them.
  private static final Set<String> BY_VALUE =
      Set.of(
          "metadata",
          "spec",
          "status",
          "template",
          "strategy",
          "updateStrategy",
          "resources",
          "nodeInfo",
          "daemonEndpoints",
          "kubeletEndpoint",
          "loadBalancer",
          "involvedObject",
          "regarding",
          "source",
          "roleRef",
          "jobTemplate",
          "scaleTargetRef",
          "state",
          "lastState",
          "names",
          "target",
          "metric",
          "selector");

  private Fields() {}

  /// Every field that an applied configuration speaks of.
  static FieldSet of(JsonNode value, @Nullable Schema schema) {
    FieldSet set = new FieldSet();
    if (value instanceof ObjectNode object && isGranular(schema)) {
      if (object.isEmpty()) {
        set.mark();
      }
      for (Map.Entry<String, JsonNode> field : object.properties()) {
        set.put(
            PathElements.field(field.getKey()),
            of(field.getValue(), schemaOf(schema, field.getKey())));
      }
    } else if (value instanceof ArrayNode array
        && schema instanceof Schema.ListOf list
        && isAssociative(list)) {
      if (array.isEmpty()) {
        set.mark();
      }
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
    compare(before, after, schema, difference.written(), difference.removed());
    return difference;
  }

  private static void compare(
      @Nullable JsonNode before,
      @Nullable JsonNode after,
      @Nullable Schema schema,
      FieldSet written,
      FieldSet removed) {
    if (before == null && after == null || (before != null && before.equals(after))) {
      return;
    }
    boolean object = isGranular(schema) && isObjectOrAbsent(before) && isObjectOrAbsent(after);
    boolean list = isAssociative(schema) && isArrayOrAbsent(before) && isArrayOrAbsent(after);
    if (object) {
      compareChildren(objectItems(before), objectItems(after), schema, written, removed);
    } else if (list && schema instanceof Schema.ListOf listOf) {
      compareChildren(
          listItems(listOf, before), listItems(listOf, after), schema, written, removed);
    }
    if (!object && !list
        || before == null
        || after == null
        || after.isEmpty() != before.isEmpty()) {
      markContainer(before, after, object || list, written, removed);
    }
  }

  private static void markContainer(
      @Nullable JsonNode before,
      @Nullable JsonNode after,
      boolean container,
      FieldSet written,
      FieldSet removed) {
    if (after == null) {
      removed.mark();
    } else if (before == null || !container) {
      written.mark();
    }
  }

  private static void compareChildren(
      Map<String, JsonNode> before,
      Map<String, JsonNode> after,
      @Nullable Schema schema,
      FieldSet written,
      FieldSet removed) {
    for (Map.Entry<String, JsonNode> each : after.entrySet()) {
      FieldSet inner = new FieldSet();
      FieldSet gone = new FieldSet();
      @Nullable JsonNode old = before.get(each.getKey());
      boolean byValue =
          old == null && isByValue(each.getKey(), schema) && each.getValue().isObject();
      @Nullable JsonNode base =
          byValue ? com.fasterxml.jackson.databind.node.JsonNodeFactory.instance.objectNode() : old;
      compare(base, each.getValue(), schemaOfElement(schema, each.getKey()), inner, gone);
      if (byValue && each.getValue().isEmpty()) {
        inner.mark();
      }
      written.put(each.getKey(), inner);
      removed.put(each.getKey(), gone);
    }
    for (Map.Entry<String, JsonNode> each : before.entrySet()) {
      if (!after.containsKey(each.getKey())) {
        FieldSet gone = new FieldSet();
        compare(
            each.getValue(), null, schemaOfElement(schema, each.getKey()), new FieldSet(), gone);
        gone.mark();
        removed.put(each.getKey(), gone);
      }
    }
  }

  private static boolean isByValue(String element, @Nullable Schema owner) {
    return owner instanceof Schema.Struct
        && element.startsWith("f:")
        && BY_VALUE.contains(element.substring(2));
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

  private static boolean isObjectOrAbsent(@Nullable JsonNode node) {
    return node == null || node.isObject();
  }

  private static boolean isArrayOrAbsent(@Nullable JsonNode node) {
    return node == null || node.isArray();
  }

  /// Whether each field of such an object has owners of its own.
  static boolean isGranular(@Nullable Schema schema) {
    return switch (schema) {
      case null -> true;
      case Schema.Struct struct -> !struct.atomic();
      case Schema.MapOf map -> !map.atomic();
      case Schema.ListOf _, Schema.Scalar _, Schema.Any _ -> false;
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
