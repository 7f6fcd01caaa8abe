// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.Schema;
import dev.havn.schema.validate.Zeros;
import org.jspecify.annotations.Nullable;

/// Defaults that depend on nothing but their own field: the overlay has them as data.
final class FieldDefaults {
  private FieldDefaults() {}

  /// Changes `object` in place.
  static void apply(ObjectNode object, Schema.Struct type) {
    for (Schema.Field field : type.defaulted()) {
      @Nullable JsonNode value = field.defaultValue();
      if (value != null && Zeros.isUnset(object.get(field.name()), field)) {
        object.set(field.name(), value.deepCopy());
      }
    }
    for (String name : object.propertyStream().map(java.util.Map.Entry::getKey).toList()) {
      Schema.@Nullable Field field = type.field(name);
      if (field != null) {
        below(object.get(name), field.schema());
      }
    }
  }

  private static void below(JsonNode value, Schema schema) {
    switch (schema) {
      case Schema.Struct struct -> {
        if (value instanceof ObjectNode object) {
          apply(object, struct);
        }
      }
      case Schema.MapOf map when !(map.values() instanceof Schema.Scalar) ->
          value.forEach(each -> below(each, map.values()));
      case Schema.ListOf list when !(list.items() instanceof Schema.Scalar) ->
          value.forEach(each -> below(each, list.items()));
      case Schema.MapOf _, Schema.ListOf _, Schema.Scalar _, Schema.Any _ -> {}
    }
  }
}
