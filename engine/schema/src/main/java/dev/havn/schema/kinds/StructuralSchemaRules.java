// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import dev.havn.schema.validate.FieldError;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/// A schema is structural when it says of every field, once and outside of `allOf` and the like,
/// what type it has, so that objects can be pruned and defaulted by it.
final class StructuralSchemaRules {
  private static final JsonNode INTEGER_OR_STRING = integerOrString();

  /// What only the structure may say, with what the rest must do instead.
  private static final Map<String, String> STRUCTURE_ONLY =
      Map.ofEntries(
          Map.entry("type", "must be empty to be structural"),
          Map.entry("additionalProperties", "must be undefined to be structural"),
          Map.entry("default", "must be undefined to be structural"),
          Map.entry("title", "must be empty to be structural"),
          Map.entry("description", "must be empty to be structural"),
          Map.entry("nullable", "must be false to be structural"),
          Map.entry("x-kubernetes-preserve-unknown-fields", "must be false to be structural"),
          Map.entry("x-kubernetes-embedded-resource", "must be false to be structural"),
          Map.entry("x-kubernetes-int-or-string", "must be false to be structural"),
          Map.entry("x-kubernetes-list-map-keys", "must be empty to be structural"),
          Map.entry("x-kubernetes-list-type", "must be undefined to be structural"),
          Map.entry("x-kubernetes-map-type", "must be undefined to be structural"),
          Map.entry("x-kubernetes-validations", "must be empty to be structural"));

  private enum Level {
    ROOT("must not be empty at the root"),
    ITEM("must not be empty for specified array items"),
    FIELD("must not be empty for specified object fields");

    private final String untyped;

    Level(String untyped) {
      this.untyped = untyped;
    }
  }

  private StructuralSchemaRules() {}

  static void check(At root) {
    List<FieldError> found = new ArrayList<>();
    At schema = new At(root.value(), root.path(), found);
    invariants(schema, Level.ROOT);
    complete(schema, schema);
    found.sort(Comparator.comparing(FieldError::toString));
    root.errors().addAll(found);
  }

  private static JsonNode integerOrString() {
    ArrayNode types = JsonNodeFactory.instance.arrayNode();
    types.addObject().put("type", "integer");
    types.addObject().put("type", "string");
    return types;
  }

  private static void invariants(At schema, Level level) {
    if (!schema.value().isObject()) {
      return;
    }
    At type = schema.at("type");
    if (type.is("array") && !schema.at("items").isThere()) {
      schema.at("items").required("must be specified");
    }
    invariants(schema.at("items"), Level.ITEM);
    schema.at("properties").entries().values().forEach(each -> invariants(each, Level.FIELD));
    At additional = schema.at("additionalProperties");
    if (additional.isThere() && level == Level.ROOT) {
      additional.forbidden("must not be used at the root");
    }
    invariants(additional, Level.FIELD);
    boolean loose =
        schema.at("x-kubernetes-int-or-string").flag()
            || schema.at("x-kubernetes-preserve-unknown-fields").flag();
    junctors(schema, true);
    boolean embedded = schema.at("x-kubernetes-embedded-resource").flag();
    if (embedded) {
      SchemaRules.ofType(
          type, "object", "must be object if x-kubernetes-embedded-resource is true");
    } else if (type.isEmpty() && !loose) {
      type.required(level.untyped);
    }
    if (embedded
        && schema.at("properties").isEmpty()
        && !schema.at("x-kubernetes-preserve-unknown-fields").flag()) {
      schema
          .at("properties")
          .required(
              "must not be empty if x-kubernetes-embedded-resource is true without"
                  + " x-kubernetes-preserve-unknown-fields");
    }
    if (level == Level.ROOT && !type.isEmpty() && !type.is("object")) {
      type.invalidText("must be object at the root");
    }
    if (level == Level.ROOT || embedded) {
      metadata(schema, level);
    }
  }

  private static void metadata(At schema, Level level) {
    Map<String, At> properties = schema.at("properties").entries();
    for (String field : List.of("kind", "apiVersion")) {
      At each = properties.get(field);
      if (each != null && !each.at("type").is("string")) {
        each.at("type").invalidText("must be string");
      }
    }
    At metadata = properties.get("metadata");
    if (metadata == null) {
      return;
    }
    if (!metadata.at("type").is("object")) {
      metadata.at("type").invalidText("must be object");
    }
    boolean more =
        metadata.value().properties().stream()
                .anyMatch(each -> !List.of("type", "properties").contains(each.getKey()))
            || metadata.at("properties").entries().keySet().stream()
                .anyMatch(name -> !List.of("name", "generateName").contains(name));
    if (level == Level.ROOT && more) {
      metadata.forbidden(
          "must not specify anything other than name and generateName, but metadata is implicitly"
              + " specified");
    }
  }

  /// What stands under `allOf`, `anyOf`, `oneOf` and `not`.
  ///
  /// @param outside whether `schema` itself is part of the structure
  private static void junctors(At schema, boolean outside) {
    boolean either = schema.at("anyOf").value().equals(INTEGER_OR_STRING) && outside;
    if (!either) {
      schema.at("anyOf").items().forEach(StructuralSchemaRules::nested);
    }
    boolean first = outside;
    for (At each : schema.at("allOf").items()) {
      if (!first || !each.at("anyOf").value().equals(INTEGER_OR_STRING)) {
        nested(each);
      }
      first = false;
    }
    schema.at("oneOf").items().forEach(StructuralSchemaRules::nested);
    if (schema.at("not").isThere()) {
      nested(schema.at("not"));
    }
    At pattern = schema.at("pattern");
    try {
      Pattern.compile(pattern.text());
    } catch (PatternSyntaxException e) {
      pattern.invalidText(
          "must be a valid regular expression, but isn't: error parsing regexp: "
              + e.getDescription());
    }
  }

  private static void nested(At schema) {
    junctors(schema, false);
    if (schema.at("items").isThere()) {
      nested(schema.at("items"));
    }
    Map<String, At> properties = schema.at("properties").entries();
    properties.values().forEach(StructuralSchemaRules::nested);
    STRUCTURE_ONLY.forEach(
        (field, detail) -> {
          At each = schema.at(field);
          if (!each.isEmpty() && !(each.value().isBoolean() && !each.flag())) {
            each.forbidden(detail);
          }
        });
    At metadata = properties.get("metadata");
    if (metadata != null) {
      metadata.forbidden("must not be specified in a nested context");
    }
  }

  /// What is demanded of a field must be demanded of one that the structure has.
  private static void complete(At demands, At structure) {
    for (String list : List.of("allOf", "anyOf", "oneOf")) {
      demands.at(list).items().forEach(each -> demanded(each, structure));
    }
    if (demands.at("not").isThere()) {
      demanded(demands.at("not"), structure);
    }
  }

  private static void demanded(At demands, At structure) {
    if (!structure.isThere()) {
      structure.required("because it is defined in " + demands.path());
      return;
    }
    complete(demands, structure);
    if (demands.at("items").isThere()) {
      demanded(demands.at("items"), structure.at("items"));
    }
    At properties = structure.at("properties");
    for (Map.Entry<String, At> each : demands.at("properties").entries().entrySet()) {
      At property =
          properties.at(each.getKey()).named(properties.path() + "[" + each.getKey() + "]");
      demanded(each.getValue(), property);
    }
  }
}
