// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The shape of a JSON value: what a Kubernetes structural schema says about it (KEP-1693), plus
/// what patches and protobuf need to know. Immutable once built; shared by all threads.
public sealed interface Schema {

  /// An object with named fields, in alphabetical order. A class and not a record because types are
  /// recursive (`JSONSchemaProps`): the fields are set once, after all structs exist.
  final class Struct implements Schema {
    private final String name;
    private Map<String, Field> fields = Map.of();
    private Map<String, Field> byName = Map.of();
    private List<Field> shown = List.of();
    private List<Field> defaulted = List.of();
    private boolean atomic;
    private boolean preserveUnknownFields;

    /// Found when first asked for, since types are recursive; whoever finds it finds the same.
    private @Nullable Depths depths;

    /// @param name the definition's name in OpenAPI, such as `io.k8s.api.core.v1.Pod`
    public Struct(String name) {
      this.name = name;
    }

    /// Completes this type; called once, before it is published.
    public Struct complete(Map<String, Field> fields, boolean atomic, boolean preserveUnknown) {
      this.fields = fields;
      this.byName = new HashMap<>(fields);
      this.shown =
          fields.values().stream()
              .filter(field -> field.zero() == Zero.SHOWN || field.zero() == Zero.NULL)
              .toList();
      this.defaulted =
          fields.values().stream().filter(field -> field.defaultValue() != null).toList();
      this.atomic = atomic;
      this.preserveUnknownFields = preserveUnknown;
      return this;
    }

    public String name() {
      return name;
    }

    public Map<String, Field> fields() {
      return fields;
    }

    /// The fields that are there in every object.
    public List<Field> shown() {
      return shown;
    }

    /// The fields that have a default.
    public List<Field> defaulted() {
      return defaulted;
    }

    /// Asked for every field of every object, which an ordered map is too slow for.
    public @Nullable Field field(String field) {
      return byName.get(field);
    }

    /// Whether appliers own it as one value (`x-kubernetes-map-type: atomic`).
    public boolean atomic() {
      return atomic;
    }

    /// Whether unknown fields are kept instead of pruned.
    public boolean preserveUnknownFields() {
      return preserveUnknownFields;
    }

    /// What is to be found in objects of this type, at any depth.
    public Depths depths() {
      @Nullable Depths known = depths;
      if (known == null) {
        known = Depths.of(this);
        depths = known;
      }
      return known;
    }

    @Override
    public String toString() {
      return name;
    }
  }

  /// A field of a struct.
  ///
  /// @param number the protobuf field number, 0 where the type has none
  /// @param embedding the numbers of the protobuf messages around it that JSON does not show,
  ///   outermost first; empty for most
  /// @param defaultValue what an absent field becomes, or null
  /// @param patch how a strategic merge patch treats it
  /// @param mergeKey the key of a strategic list merge, or null
  /// @param zero what becomes of an empty value
  record Field(
      String name,
      Schema schema,
      boolean required,
      int number,
      List<Integer> embedding,
      @Nullable JsonNode defaultValue,
      PatchStrategy patch,
      @Nullable String mergeKey,
      Zero zero) {}

  /// A free map from string to `values`.
  record MapOf(Schema values, boolean atomic) implements Schema {}

  /// A list.
  ///
  /// @param keys for [ListType#MAP] the fields that identify an item, else empty
  record ListOf(Schema items, ListType type, List<String> keys) implements Schema {}

  /// A leaf.
  ///
  /// @param format OpenAPI format (`int32`, `int64`, `byte`, `date-time`, `int-or-string`,
  ///   `quantity`, ...) or empty
  /// @param enumeration the values allowed, empty when free
  /// @param name what Go calls the type of a text, else empty
  record Scalar(ScalarType type, String format, List<String> enumeration, String name)
      implements Schema {}

  /// Any JSON value, kept as it is.
  record Any(Wire wire) implements Schema {}

  /// What Kubernetes makes of an absent or empty value when it has read an object. Its clients see
  /// the difference, and so do patches.
  enum Zero {
    /// absent and empty are the same: `""`, `0`, `false`, `[]` are left out
    DROPPED,
    /// an empty value that was given stays
    KEPT,
    /// always there, if need be as its empty value
    SHOWN,
    /// always there, if need be as `null`
    NULL
  }

  /// How protobuf carries a value that JSON does not describe further.
  enum Wire {
    /// a message whose first field holds JSON (`RawExtension`, `JSON`, `FieldsV1`)
    RAW,
    /// `JSONSchemaPropsOrArray`
    SCHEMA_OR_ARRAY,
    /// `JSONSchemaPropsOrBool`
    SCHEMA_OR_BOOL,
    /// `JSONSchemaPropsOrStringArray`
    SCHEMA_OR_STRINGS,
    /// of a custom resource, which has no protobuf form; each field in it has owners of its own
    NONE
  }

  /// JSON type of a leaf.
  enum ScalarType {
    STRING,
    INTEGER,
    NUMBER,
    BOOLEAN,
    /// `IntOrString`
    INT_OR_STRING,
    /// `resource.Quantity`: a string, or a number that is read as one
    QUANTITY
  }

  /// `x-kubernetes-list-type`.
  enum ListType {
    ATOMIC,
    SET,
    MAP
  }

  /// `x-kubernetes-patch-strategy`.
  enum PatchStrategy {
    /// Lists are replaced, objects merged.
    NONE,
    /// Objects are replaced, too.
    REPLACE,
    MERGE,
    RETAIN_KEYS,
    MERGE_RETAIN_KEYS
  }
}
