// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.custom;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// One node of a structural schema (KEP-1979): the part of `openAPIV3Schema` that says what is
/// there and what it is. The rest, which only says what is valid, stays JSON in `source`.
/// Immutable.
///
/// @param type JSON type, or empty where the schema leaves it open
/// @param intOrString a whole number or a text
/// @param embedded an object with a kind and metadata of its own
/// @param preserve whether unknown fields are kept instead of pruned
/// @param open `additionalProperties: true`
/// @param defaultValue what an absent value becomes, or null
/// @param properties by name, in the order of names
/// @param items of a list, or null
/// @param additional what the values of a free map are, or null
/// @param listType `atomic`, `set`, `map` or empty
/// @param keys by which items of a list of type `map` are told apart
/// @param atomic whether appliers own the object as one value
/// @param source the JSON schema of this node
public record Structural(
    String type,
    boolean nullable,
    boolean intOrString,
    boolean embedded,
    boolean preserve,
    boolean open,
    @Nullable JsonNode defaultValue,
    Map<String, Structural> properties,
    @Nullable Structural items,
    @Nullable Structural additional,
    String listType,
    List<String> keys,
    boolean atomic,
    JsonNode source) {

  /// Reads a schema that has passed the rules for definitions.
  public static Structural of(JsonNode schema) {
    Map<String, Structural> properties = new TreeMap<>();
    for (Map.Entry<String, JsonNode> each : schema.path("properties").properties()) {
      properties.put(each.getKey(), of(each.getValue()));
    }
    List<String> keys = new ArrayList<>();
    schema.path("x-kubernetes-list-map-keys").forEach(each -> keys.add(each.asText()));
    JsonNode additional = schema.path("additionalProperties");
    return new Structural(
        schema.path("type").asText(""),
        schema.path("nullable").asBoolean(),
        schema.path("x-kubernetes-int-or-string").asBoolean(),
        schema.path("x-kubernetes-embedded-resource").asBoolean(),
        schema.path("x-kubernetes-preserve-unknown-fields").asBoolean(),
        additional.isBoolean() && additional.asBoolean(),
        schema.get("default"),
        Collections.unmodifiableMap(properties),
        schema.path("items").isObject() ? of(schema.get("items")) : null,
        additional.isObject() ? of(additional) : null,
        schema.path("x-kubernetes-list-type").asText(""),
        List.copyOf(keys),
        schema.path("x-kubernetes-map-type").asText("").equals("atomic"),
        schema);
  }

  /// The schema of a field of an object, or null when the schema says nothing of it.
  @Nullable Structural below(String field) {
    @Nullable Structural known = properties.get(field);
    return known == null ? additional : known;
  }

  boolean isKeyedList() {
    return listType.equals("map");
  }
}
