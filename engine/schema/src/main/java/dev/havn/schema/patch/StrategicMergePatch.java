// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.patch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.Schema;
import dev.havn.schema.codec.GoText;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Strategic merge patch: a merge patch that knows which lists are keyed, with the directives
/// `$patch`, `$retainKeys`, `$deleteFromPrimitiveList/…` and `$setElementOrder/…`.
public final class StrategicMergePatch {
  static final String PATCH = "$patch";
  private static final String RETAIN_KEYS = "$retainKeys";
  private static final String DELETE_PRIMITIVES = "$deleteFromPrimitiveList/";
  static final String ORDER = "$setElementOrder/";

  private StrategicMergePatch() {}

  /// The target with the patch merged in; neither is changed.
  ///
  /// @throws PatchException malformed when a directive is misused
  public static ObjectNode apply(ObjectNode target, ObjectNode patch, Schema.Struct type) {
    return mergeInto(target, patch, type);
  }

  /// Merges into what stands there. Of what does not, nobody asks whether orders fit.
  private static ObjectNode mergeInto(
      ObjectNode target, ObjectNode patch, @Nullable Schema schema) {
    if (!patch.has(PATCH)) {
      checkRetained(patch);
      ElementOrders.check(target, patch, schema);
    }
    return mergeObject(target, patch, schema);
  }

  private static ObjectNode mergeObject(
      ObjectNode target, ObjectNode patch, @Nullable Schema schema) {
    ObjectNode result = JsonNodeFactory.instance.objectNode();
    if (!patch.has(PATCH)) {
      result.setAll(target);
    } else {
      switch (patch.get(PATCH).asText()) {
        case "replace" -> {
          result.setAll(patch);
          result.remove(PATCH);
          return result;
        }
        case "delete" -> {
          return result;
        }
        default ->
            throw PatchException.internal(
                "unknown patch type: "
                    + shown(patch.get(PATCH))
                    + " in map: "
                    + GoText.plain(patch));
      }
    }
    retainKeys(result, patch);
    for (Map.Entry<String, JsonNode> change : patch.properties()) {
      String name = change.getKey();
      if (name.equals(PATCH) || name.equals(RETAIN_KEYS) || name.startsWith(ORDER)) {
        continue;
      }
      if (name.startsWith(DELETE_PRIMITIVES)) {
        deletePrimitives(result, name.substring(DELETE_PRIMITIVES.length()), change.getValue());
        continue;
      }
      JsonNode value = change.getValue();
      if (value.isNull()) {
        result.remove(name);
      } else {
        change(result, name, value, schema);
      }
    }
    applyOrders(result, target, patch, schema);
    return result;
  }

  private static void change(
      ObjectNode result, String name, JsonNode value, @Nullable Schema schema) {
    @Nullable JsonNode before = result.get(name);
    boolean alike = before != null && before.getNodeType() == value.getNodeType();
    @Nullable JsonNode after =
        alike ? mergeField(before, value, schema, name) : withoutDirectives(value);
    if (after == null) {
      result.remove(name);
    } else {
      result.set(name, after);
    }
  }

  /// As Go prints what it takes for a text, and is none.
  private static String shown(JsonNode directive) {
    if (directive.isNull()) {
      return "%!s(<nil>)";
    }
    return directive.isTextual()
        ? directive.asText()
        : "%!s(" + GoText.type(directive) + "=" + GoText.plain(directive) + ")";
  }

  /// What a patch puts where nothing like it stands; null when it is a directive.
  private static @Nullable JsonNode withoutDirectives(JsonNode value) {
    switch (value) {
      case ObjectNode object -> {
        if (object.has(PATCH)) {
          return null;
        }
        ObjectNode result = JsonNodeFactory.instance.objectNode();
        for (Map.Entry<String, JsonNode> each : object.properties()) {
          @Nullable JsonNode kept =
              each.getValue().isNull() ? null : withoutDirectives(each.getValue());
          if (kept != null) {
            result.set(each.getKey(), kept);
          }
        }
        return result;
      }
      case ArrayNode array -> {
        ArrayNode result = JsonNodeFactory.instance.arrayNode();
        for (JsonNode item : array) {
          @Nullable JsonNode kept = withoutDirectives(item);
          if (kept != null) {
            result.add(kept);
          }
        }
        return result;
      }
      default -> {
        return value;
      }
    }
  }

  private static JsonNode mergeField(
      JsonNode before, JsonNode change, @Nullable Schema owner, String name) {
    Schema.@Nullable Field field =
        owner instanceof Schema.Struct struct ? struct.field(name) : null;
    @Nullable Schema schema =
        field != null
            ? field.schema()
            : owner instanceof Schema.MapOf(Schema values, boolean _) ? values : null;
    if (change instanceof ObjectNode changes) {
      ObjectNode base = (ObjectNode) before;
      if (field != null && schema instanceof Schema.Any) {
        return mergeUntyped(base, changes);
      }
      boolean replaces = field != null && field.patch() == Schema.PatchStrategy.REPLACE;
      return replaces ? change.deepCopy() : mergeInto(base, changes, schema);
    }
    if (change instanceof ArrayNode changes && field != null && merges(field)) {
      return mergeList((ArrayNode) before, changes, field);
    }
    return change.deepCopy();
  }

  /// Of what has no type nothing is known below its own fields.
  private static JsonNode mergeUntyped(ObjectNode before, ObjectNode change) {
    if (!change.has(PATCH)) {
      for (Map.Entry<String, JsonNode> each : change.properties()) {
        String name = each.getKey();
        if (name.startsWith(ORDER)) {
          throw unknown(name.substring(ORDER.length()));
        }
        if (each.getValue().isContainerNode()
            && before.path(name).getNodeType() == each.getValue().getNodeType()) {
          throw unknown(name);
        }
      }
    }
    return mergeObject(before, change, null);
  }

  private static PatchException unknown(String name) {
    return PatchException.internal(
        "unable to find api field in struct RawExtension for the json field \"%s\""
            .formatted(name));
  }

  private static boolean merges(Schema.Field field) {
    return field.patch() == Schema.PatchStrategy.MERGE
        || field.patch() == Schema.PatchStrategy.MERGE_RETAIN_KEYS;
  }

  private static ArrayNode mergeList(ArrayNode target, ArrayNode patch, Schema.Field field) {
    @Nullable String key = field.mergeKey();
    if (key == null) {
      return mergePrimitives(target, patch);
    }
    alike(target, patch);
    @Nullable Schema items = field.schema() instanceof Schema.ListOf list ? list.items() : null;
    List<JsonNode> result = new ArrayList<>();
    target.forEach(result::add);
    boolean replace = false;
    List<ObjectNode> changes = new ArrayList<>();
    for (JsonNode each : patch) {
      if (!(each instanceof ObjectNode change)) {
        throw PatchException.malformed("list element is no map in " + field.name());
      }
      if (change.path(PATCH).asText("").equals("replace")) {
        replace = true;
      } else {
        changes.add(change);
      }
    }
    if (replace) {
      ArrayNode fresh = JsonNodeFactory.instance.arrayNode();
      changes.forEach(fresh::add);
      return fresh;
    }
    for (ObjectNode change : changes) {
      mergeItem(result, change, key, items);
    }
    target.forEach(each -> ElementOrders.checkKey(each, key));
    return arranged(result, identities(changes, key), identities(target, key), key);
  }

  /// Lists of different things have no common identity.
  private static void alike(ArrayNode target, ArrayNode patch) {
    long kinds =
        Stream.concat(target.valueStream(), patch.valueStream())
            .map(JsonNode::getNodeType)
            .distinct()
            .count();
    if (kinds > 1) {
      throw PatchException.internal(
          "list element types are not identical: [%s %s]"
              .formatted(GoText.plain(target), GoText.plain(patch)));
    }
  }

  private static void mergeItem(
      List<JsonNode> result, ObjectNode change, String key, @Nullable Schema items) {
    @Nullable JsonNode value = change.get(key);
    if (value == null) {
      throw ElementOrders.lacksKey(change, key);
    }
    int at = indexOf(result, key, value);
    if (change.path(PATCH).asText("").equals("delete")) {
      while (at >= 0) {
        result.remove(at);
        at = indexOf(result, key, value);
      }
    } else if (at >= 0 && result.get(at) instanceof ObjectNode existing) {
      result.set(at, mergeInto(existing, change, items));
    } else {
      result.add(mergeObject(JsonNodeFactory.instance.objectNode(), change, items));
    }
  }

  private static int indexOf(List<JsonNode> items, String key, JsonNode value) {
    for (int i = 0; i < items.size(); i++) {
      if (value.equals(items.get(i).get(key))) {
        return i;
      }
    }
    return -1;
  }

  private static ArrayNode mergePrimitives(ArrayNode target, ArrayNode patch) {
    Set<JsonNode> merged = new LinkedHashSet<>();
    target.forEach(merged::add);
    patch.forEach(merged::add);
    return arranged(merged, identities(patch, null), identities(target, null), null);
  }

  private static void deletePrimitives(ObjectNode result, String name, JsonNode gone) {
    if (!(result.get(name) instanceof ArrayNode list)) {
      return;
    }
    Set<JsonNode> drop = new HashSet<>();
    gone.forEach(drop::add);
    ArrayNode kept = JsonNodeFactory.instance.arrayNode();
    list.forEach(
        item -> {
          if (!drop.contains(item)) {
            kept.add(item);
          }
        });
    result.set(name, kept);
  }

  private static void retainKeys(ObjectNode result, ObjectNode patch) {
    if (!(patch.get(RETAIN_KEYS) instanceof ArrayNode keys)) {
      return;
    }
    Set<String> keep = new HashSet<>();
    keys.forEach(key -> keep.add(key.asText()));
    for (String name : new ArrayList<>(fieldNames(result))) {
      if (!keep.contains(name)) {
        result.remove(name);
      }
    }
  }

  /// The keys that stay are a list, and have all that the patch sets.
  private static void checkRetained(ObjectNode patch) {
    if (!patch.has(RETAIN_KEYS)) {
      return;
    }
    Set<String> keep = new HashSet<>();
    patch.get(RETAIN_KEYS).forEach(key -> keep.add(key.asText()));
    boolean all =
        fieldNames(patch).stream()
            .allMatch(
                name -> name.startsWith("$") || patch.get(name).isNull() || keep.contains(name));
    if (!patch.get(RETAIN_KEYS).isArray() || !all) {
      throw PatchException.malformed("invalid patch format of retainKeys");
    }
  }

  private static List<String> fieldNames(ObjectNode object) {
    List<String> names = new ArrayList<>();
    object.fieldNames().forEachRemaining(names::add);
    return names;
  }

  private static void applyOrders(
      ObjectNode result, ObjectNode target, ObjectNode patch, @Nullable Schema schema) {
    for (Map.Entry<String, JsonNode> change : patch.properties()) {
      if (!change.getKey().startsWith(ORDER)) {
        continue;
      }
      String name = change.getKey().substring(ORDER.length());
      Schema.@Nullable Field field =
          schema instanceof Schema.Struct struct ? struct.field(name) : null;
      @Nullable String key = field == null ? null : field.mergeKey();
      if (result.get(name) instanceof ArrayNode list
          && change.getValue() instanceof ArrayNode order) {
        if (key != null) {
          target.path(name).forEach(item -> ElementOrders.checkKey(item, key));
        }
        List<JsonNode> server = identities(target.path(name), key);
        result.set(name, arranged(list, identities(order, key), server, key));
      }
    }
  }

  private static List<JsonNode> identities(
      Iterable<? extends JsonNode> items, @Nullable String key) {
    List<JsonNode> identities = new ArrayList<>();
    items.forEach(item -> identities.add(identity(item, key)));
    return identities;
  }

  private static JsonNode identity(JsonNode item, @Nullable String key) {
    return key == null ? item : item.path(key);
  }

  /// What the patch names comes in the order of the patch, the rest in the order it had. Where the
  /// two meet, an item goes before another if it stood before it; what is new goes first.
  private static ArrayNode arranged(
      Iterable<? extends JsonNode> items,
      List<JsonNode> patch,
      List<JsonNode> server,
      @Nullable String key) {
    List<JsonNode> named = new ArrayList<>();
    List<JsonNode> others = new ArrayList<>();
    items.forEach(item -> (patch.contains(identity(item, key)) ? named : others).add(item));
    named.sort(Comparator.comparingInt(item -> patch.indexOf(identity(item, key))));
    others.sort(Comparator.comparingInt(item -> server.indexOf(identity(item, key))));
    ArrayNode result = JsonNodeFactory.instance.arrayNode();
    int next = 0;
    for (JsonNode item : named) {
      int place = server.indexOf(identity(item, key));
      while (next < others.size()
          && place >= 0
          && server.indexOf(identity(others.get(next), key)) < place) {
        result.add(others.get(next++));
      }
      result.add(item);
    }
    others.subList(next, others.size()).forEach(result::add);
    return result;
  }
}
