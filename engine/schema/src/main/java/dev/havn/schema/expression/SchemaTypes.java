// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.expression;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.common.collect.ImmutableMap;
import dev.cel.common.types.CelType;
import dev.cel.common.types.ListType;
import dev.cel.common.types.MapType;
import dev.cel.common.types.SimpleType;
import dev.cel.common.types.StructType;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Types of what a JSON schema of a custom resource describes. What it does not describe cannot be
/// spoken of.
public final class SchemaTypes {
  private static final Set<String> KEYWORDS =
      Set.of(
          "true",
          "false",
          "null",
          "in",
          "as",
          "break",
          "const",
          "continue",
          "else",
          "for",
          "function",
          "if",
          "import",
          "let",
          "loop",
          "package",
          "namespace",
          "return");

  private final Map<String, StructType> inner = new HashMap<>();

  private SchemaTypes() {}

  /// What a rule in `schema` may speak of; empty when the schema gives its values no type.
  ///
  /// @param root whether it is the schema of the resource itself
  public static Optional<Scope> scope(JsonNode schema, boolean root) {
    return scope(schema, root, false);
  }

  /// @param optional whether the old value may be absent, so that rules ask it first
  public static Optional<Scope> scope(JsonNode schema, boolean root, boolean optional) {
    SchemaTypes types = new SchemaTypes();
    return types
        .type(schema, "selfType", root || isEmbedded(schema))
        .map(self -> Scope.value(self, types.inner, optional, new SchemaSizes(schema)));
  }

  /// The type of whole resources; empty when the schema gives them none.
  ///
  /// @param named gets the types in it by their names, and itself
  static Optional<CelType> resource(JsonNode schema, String name, Map<String, StructType> named) {
    SchemaTypes types = new SchemaTypes();
    Optional<CelType> type = types.type(schema, name, true);
    named.putAll(types.inner);
    return type;
  }

  private static boolean isEmbedded(JsonNode schema) {
    return schema.path("x-kubernetes-embedded-resource").asBoolean();
  }

  private Optional<CelType> type(JsonNode schema, String name, boolean resource) {
    if (schema.path("x-kubernetes-int-or-string").asBoolean()) {
      return Optional.of(SimpleType.DYN);
    }
    JsonNode items = schema.path("items");
    JsonNode values = schema.path("additionalProperties");
    return switch (schema.path("type").asText("")) {
      case "array" -> type(items, name + ".@idx", isEmbedded(items)).map(ListType::create);
      case "object" ->
          values.isObject()
              ? type(values, name + ".@elem", isEmbedded(values))
                  .map(value -> MapType.create(SimpleType.STRING, value))
              : Optional.of(struct(schema, name, resource));
      case "string" -> Optional.of(text(schema.path("format").asText("")));
      case "boolean" -> Optional.of(SimpleType.BOOL);
      case "number" -> Optional.of(SimpleType.DOUBLE);
      case "integer" -> Optional.of(SimpleType.INT);
      default -> Optional.empty();
    };
  }

  private static CelType text(String format) {
    return switch (format) {
      case "byte" -> SimpleType.BYTES;
      case "duration" -> SimpleType.DURATION;
      case "date", "date-time" -> SimpleType.TIMESTAMP;
      default -> SimpleType.STRING;
    };
  }

  private StructType struct(JsonNode schema, String name, boolean resource) {
    Map<String, CelType> fields = new HashMap<>();
    for (Map.Entry<String, JsonNode> each : schema.path("properties").properties()) {
      type(each.getValue(), name + "." + each.getKey(), isEmbedded(each.getValue()))
          .ifPresent(type -> fields.put(escaped(each.getKey()), type));
    }
    if (resource) {
      fields.put("apiVersion", SimpleType.STRING);
      fields.put("kind", SimpleType.STRING);
      fields.put(
          "metadata",
          known(
              name + ".metadata",
              Map.of("name", SimpleType.STRING, "generateName", SimpleType.STRING)));
    }
    return known(name, fields);
  }

  private StructType known(String name, Map<String, CelType> fields) {
    StructType type = Types.struct(name, ImmutableMap.copyOf(fields));
    inner.put(name, type);
    return type;
  }

  /// Names that are none in the language are written otherwise.
  static String escaped(String name) {
    if (KEYWORDS.contains(name)) {
      return "__" + name + "__";
    }
    return name.replace("__", "__underscores__")
        .replace(".", "__dot__")
        .replace("-", "__dash__")
        .replace("/", "__slash__");
  }
}
