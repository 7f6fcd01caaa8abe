// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.generator;

import java.util.List;

/// A type on its way into the resource; the reader's counterpart is `dev.havn.schema.Schema`.
sealed interface Shape {

  /// A reference to a struct by its definition name.
  ///
  /// @param granular whether it is owned field by field here, though as one value elsewhere
  record Reference(String definition, boolean granular) implements Shape {}

  /// A map from string.
  record MapOf(Shape values, boolean atomic) implements Shape {}

  /// @param type `atomic`, `set` or `map`
  record ListOf(Shape items, String type, List<String> keys) implements Shape {}

  /// @param type a name of `Schema.ScalarType`
  /// @param name what Go calls the type of a text, else empty
  record Scalar(String type, String format, List<String> enumeration, String name)
      implements Shape {}

  /// @param wire a name of `Schema.Wire`
  record Any(String wire) implements Shape {}

  /// @param patch a name of `Schema.PatchStrategy`
  /// @param zero a name of `Schema.Zero`
  record Field(
      String name,
      Shape shape,
      boolean required,
      int number,
      List<Integer> embedding,
      String defaultValue,
      String patch,
      String mergeKey,
      String zero,
      String description) {}

  /// A definition.
  record Struct(String name, String description, boolean atomic, List<Field> fields) {}
}
