// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.havn.schema.Schema;
import dev.havn.schema.validate.Quantity;
import dev.havn.schema.validate.Zeros;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Defaults that depend on nothing but their own field: the overlay has them as data.
final class FieldDefaults {
  private static final String CORE = "io.k8s.api.core.v1.";
  private static final int MILLI = 3;

  private FieldDefaults() {}

  /// Changes `object` in place.
  static void apply(ObjectNode object, Schema.Struct type) {
    if (!type.depths().defaults() && !type.depths().amounts()) {
      return;
    }
    for (Schema.Field field : type.defaulted()) {
      @Nullable JsonNode value = field.defaultValue();
      if (value != null && Zeros.isUnset(object.get(field.name()), field)) {
        object.set(field.name(), value.deepCopy());
      }
    }
    boolean isCore = type.name().startsWith(CORE);
    for (Map.Entry<String, JsonNode> each : object.properties()) {
      JsonNode value = each.getValue();
      Schema.@Nullable Field field = value.isContainerNode() ? type.field(each.getKey()) : null;
      if (field != null) {
        if (isCore) {
          roundUp(value, field.schema());
        }
        below(value, field.schema());
      }
    }
  }

  /// Amounts of resources are counted in thousandths.
  private static void roundUp(JsonNode value, Schema schema) {
    boolean amounts =
        schema instanceof Schema.MapOf map
            && map.values() instanceof Schema.Scalar scalar
            && scalar.type() == Schema.ScalarType.QUANTITY;
    if (amounts) {
      for (Map.Entry<String, JsonNode> each : value.properties()) {
        Quantity amount = Quantity.parse(each.getValue().asText());
        if (amount.amount().stripTrailingZeros().scale() > MILLI) {
          BigDecimal rounded = amount.amount().setScale(MILLI, RoundingMode.UP);
          each.setValue(TextNode.valueOf(new Quantity(rounded, amount.format()).toString()));
        }
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
