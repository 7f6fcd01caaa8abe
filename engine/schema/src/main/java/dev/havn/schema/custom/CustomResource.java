// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.custom;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.Schema;
import dev.havn.schema.codec.CodecException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What a CustomResourceDefinition says of one version of its kind, besides names and shape.
///
/// @param definition the name of the definition
/// @param listKind the kind of a list of objects
/// @param storageVersion in which objects are stored
/// @param schema what objects are pruned and defaulted by
/// @param metadata `ObjectMeta`
/// @param scale where a scale is found, or null when there is none
/// @param columns of tables, besides the name
/// @param selectable the fields by which field selectors may choose, without leading dot
/// @param deprecation of what users of this version are warned, or empty
/// @param terminating whether the definition is being deleted: nothing new is made
/// @param converter between this version and others
/// @param rules what objects must satisfy
public record CustomResource(
    String definition,
    String listKind,
    String storageVersion,
    Structural schema,
    Schema.Struct metadata,
    boolean hasStatus,
    @Nullable Scale scale,
    List<PrinterColumn> columns,
    List<SelectableField> selectable,
    String deprecation,
    boolean terminating,
    Converter converter,
    CustomRules rules) {

  /// Where a custom object has what a `Scale` shows, as paths that begin with a dot.
  ///
  /// @param selector empty when there is none
  public record Scale(String replicas, String statusReplicas, String selector) {}

  /// A column of a table.
  ///
  /// @param type `string`, `integer`, `number`, `boolean` or `date`
  /// @param priority 0 for columns that are always shown
  public record PrinterColumn(
      String name, String type, String format, String description, int priority, JsonPath path) {}

  /// @param name as a selector names it, such as `spec.color`
  public record SelectableField(String name, JsonPath path) {}

  /// Makes an object as it was written fit: metadata is read as of any kind, what the schema does
  /// not know goes.
  ///
  /// @return paths of the fields that are not known
  /// @throws CodecException when the metadata cannot be read
  public List<String> fit(ObjectNode object) {
    List<String> unknown = new ArrayList<>(fitMetadata(object));
    unknown.addAll(Pruning.prune(object, schema));
    Embedded.fit(object, schema, metadata, "", unknown);
    return unknown;
  }

  private List<String> fitMetadata(ObjectNode object) {
    @Nullable JsonNode given = object.get("metadata");
    if (given == null) {
      return List.of();
    }
    if (given.isNull()) {
      object.putObject("metadata");
      return List.of();
    }
    if (!(given instanceof ObjectNode fields)) {
      throw new CodecException(
          "json: cannot unmarshal %s into Go value of type v1.ObjectMeta".formatted(word(given)));
    }
    return Embedded.metadata(fields, metadata, "metadata");
  }

  private static String word(JsonNode value) {
    return switch (value.getNodeType()) {
      case ARRAY -> "array";
      case BOOLEAN -> "bool";
      case NUMBER -> "number";
      default -> "string";
    };
  }

  /// Fills in what is absent, in place.
  public void fill(ObjectNode object) {
    Defaulting.apply(object, schema);
  }

  /// An object as it is seen in this version, made of what is stored, converted to this version
  /// already: what the schema has come to forbid is not shown, what it has come to default is
  /// there. Changes and returns its argument.
  public ObjectNode seen(ObjectNode stored) {
    Pruning.prune(stored, schema);
    fill(stored);
    return stored;
  }

  /// The value of a field by which objects are chosen; null when it is none.
  public @Nullable String selected(ObjectNode object, String field) {
    for (SelectableField each : selectable) {
      if (each.name().equals(field)) {
        List<JsonNode> found = each.path().find(object);
        return found.isEmpty() || found.getFirst().isNull() ? "" : found.getFirst().asText();
      }
    }
    return null;
  }
}
