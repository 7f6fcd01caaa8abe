// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.apply;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// A set of paths in an object, as a trie whose edges are written as in `FieldsV1`: `f:name` a
/// field, `k:{"name":"x"}` a list item by its keys, `v:"x"` an item of a set. A path is in the set
/// when the trie has it marked as a member.
///
/// Built by one thread, not changed afterwards.
final class FieldSet {
  private static final String SELF = ".";

  private final TreeMap<String, FieldSet> children = new TreeMap<>();
  private boolean member;

  FieldSet child(String element) {
    return children.computeIfAbsent(element, _ -> new FieldSet());
  }

  void mark() {
    member = true;
  }

  /// Adds a child unless there is nothing in it.
  void put(String element, FieldSet child) {
    if (!child.isEmpty()) {
      children.put(element, child);
    }
  }

  boolean isMember() {
    return member;
  }

  @Nullable FieldSet at(String element) {
    return children.get(element);
  }

  Map<String, FieldSet> children() {
    return children;
  }

  boolean isEmpty() {
    return !member && children.isEmpty();
  }

  static FieldSet union(@Nullable FieldSet one, @Nullable FieldSet other) {
    FieldSet result = new FieldSet();
    for (@Nullable FieldSet each : new @Nullable FieldSet[] {one, other}) {
      if (each != null) {
        result.member |= each.member;
        each.children.forEach(
            (element, child) -> result.children.merge(element, child, FieldSet::union));
      }
    }
    return result;
  }

  /// Paths of this set that are not in the other.
  FieldSet minus(@Nullable FieldSet other) {
    if (other == null) {
      return this;
    }
    FieldSet result = new FieldSet();
    result.member = member && !other.member;
    children.forEach((element, child) -> result.put(element, child.minus(other.at(element))));
    return result;
  }

  /// This set without the paths of the other and without all that lies below them.
  FieldSet minusBelow(@Nullable FieldSet other) {
    if (other == null) {
      return this;
    }
    FieldSet result = new FieldSet();
    if (other.member) {
      return result;
    }
    result.member = member;
    children.forEach((element, child) -> result.put(element, child.minusBelow(other.at(element))));
    return result;
  }

  FieldSet and(@Nullable FieldSet other) {
    FieldSet result = new FieldSet();
    if (other == null) {
      return result;
    }
    result.member = member && other.member;
    children.forEach((element, child) -> result.put(element, child.and(other.at(element))));
    return result;
  }

  /// Readable paths of all members: `.spec.containers[name="a"].image`; those of one level before
  /// those below them.
  List<String> paths() {
    List<String> paths = new ArrayList<>();
    if (member) {
      paths.add("");
    }
    collect("", paths);
    return paths;
  }

  private void collect(String path, List<String> paths) {
    children.forEach(
        (element, child) -> {
          if (child.member) {
            paths.add(path + readable(element));
          }
        });
    children.forEach((element, child) -> child.collect(path + readable(element), paths));
  }

  static String readable(String element) {
    String rest = element.substring(2);
    return switch (element.charAt(0)) {
      case 'f' -> "." + rest;
      case 'k' -> readableKeys(rest);
      case 'v' -> "[=" + rest + "]";
      default -> "[" + rest + "]";
    };
  }

  private static String readableKeys(String json) {
    List<String> keys = new ArrayList<>();
    for (Map.Entry<String, JsonNode> key : PathElements.parse(json).properties()) {
      keys.add(key.getKey() + "=" + readableValue(key.getValue()));
    }
    return "[" + String.join(",", keys) + "]";
  }

  private static String readableValue(JsonNode value) {
    return value.isObject()
        ? String.join(
            ";",
            value.properties().stream()
                .map(each -> each.getKey() + "=" + readableValue(each.getValue()))
                .toList())
        : value.toString();
  }

  /// `FieldsV1`.
  ObjectNode toJson() {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    if (member && !children.isEmpty()) {
      json.set(SELF, JsonNodeFactory.instance.objectNode());
    }
    children.forEach((element, child) -> json.set(element, child.toJson()));
    return json;
  }

  static FieldSet parse(JsonNode fieldsV1) {
    FieldSet set = new FieldSet();
    for (Map.Entry<String, JsonNode> field : fieldsV1.properties()) {
      if (field.getKey().equals(SELF)) {
        set.member = true;
      } else {
        FieldSet child = parse(field.getValue());
        if (field.getValue().isEmpty()) {
          child.member = true;
        }
        set.children.put(field.getKey(), child);
      }
    }
    return set;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof FieldSet that
        && member == that.member
        && children.equals(that.children);
  }

  @Override
  public int hashCode() {
    return children.hashCode() * 2 + (member ? 1 : 0);
  }

  @Override
  public String toString() {
    return toJson().toString();
  }
}
