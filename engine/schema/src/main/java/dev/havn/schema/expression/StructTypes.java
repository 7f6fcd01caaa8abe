// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.expression;

import com.google.common.collect.ImmutableMap;
import dev.cel.common.types.CelType;
import dev.cel.common.types.ListType;
import dev.cel.common.types.MapType;
import dev.cel.common.types.SimpleType;
import dev.cel.common.types.StructType;
import dev.havn.schema.Schema;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Types of what the schema of a built-in kind describes. What it does not describe further cannot
/// be spoken of, nor can what holds itself.
final class StructTypes {
  private final Map<String, StructType> named = new HashMap<>();
  private final Set<String> around = new HashSet<>();

  /// All types that were made, by their names.
  Map<String, StructType> named() {
    return named;
  }

  /// @param name of the type
  StructType of(Schema.Struct struct, String name) {
    around.add(struct.name());
    Map<String, CelType> fields = new HashMap<>();
    for (Schema.Field each : struct.fields().values()) {
      of(each.schema(), name + "." + each.name())
          .ifPresent(type -> fields.put(SchemaTypes.escaped(each.name()), type));
    }
    around.remove(struct.name());
    StructType type = Types.struct(name, ImmutableMap.copyOf(fields));
    named.put(name, type);
    return type;
  }

  private Optional<CelType> of(Schema schema, String name) {
    return switch (schema) {
      case Schema.Struct struct when around.contains(struct.name()) -> Optional.empty();
      case Schema.Struct struct -> Optional.of(of(struct, name));
      case Schema.MapOf map ->
          of(map.values(), name + ".@elem").map(each -> MapType.create(SimpleType.STRING, each));
      case Schema.ListOf list -> of(list.items(), name + ".@idx").map(ListType::create);
      case Schema.Scalar scalar -> of(scalar);
      case Schema.Any _ -> Optional.empty();
    };
  }

  private static Optional<CelType> of(Schema.Scalar scalar) {
    return switch (scalar.type()) {
      case STRING ->
          Optional.of(
              switch (scalar.format()) {
                case "byte" -> SimpleType.BYTES;
                case "date-time" -> SimpleType.TIMESTAMP;
                default -> SimpleType.STRING;
              });
      case INTEGER -> Optional.of(SimpleType.INT);
      case NUMBER -> Optional.of(SimpleType.DOUBLE);
      case BOOLEAN -> Optional.of(SimpleType.BOOL);
      case INT_OR_STRING -> Optional.of(SimpleType.DYN);
      case QUANTITY -> Optional.empty();
    };
  }
}
