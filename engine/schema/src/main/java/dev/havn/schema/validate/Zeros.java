// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.validate;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.Schema;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Empty values as Kubernetes' own types treat them: `[Schema.Zero]`.
public final class Zeros {
  private Zeros() {}

  /// Whether an empty value is the same as none as soon as it is read.
  static boolean isDropped(JsonNode value, Schema.Field field) {
    return switch (field.zero()) {
      case KEPT, NULL -> false;
      case DROPPED -> isEmpty(value, field.schema());
      case SHOWN -> !value.isContainerNode() && isEmpty(value, field.schema());
    };
  }

  /// Makes of empty lists and maps what storing makes of them, `null` or nothing: a client owns
  /// them until then, and rules tell them from absent ones.
  public static void settle(JsonNode value, Schema schema) {
    switch (schema) {
      case Schema.Struct struct -> {
        List<String> gone = new ArrayList<>();
        for (Map.Entry<String, JsonNode> each : value.properties()) {
          Schema.@Nullable Field field = struct.field(each.getKey());
          if (field == null || !each.getValue().isContainerNode()) {
            continue;
          }
          if (!isEmpty(each.getValue(), field.schema())) {
            settle(each.getValue(), field.schema());
          } else if (field.zero() == Schema.Zero.KEPT) {
            gone.add(each.getKey());
          } else {
            each.setValue(JsonNodeFactory.instance.nullNode());
          }
        }
        ((ObjectNode) value).remove(gone);
      }
      case Schema.MapOf map -> value.forEach(each -> settle(each, map.values()));
      case Schema.ListOf list -> value.forEach(each -> settle(each, list.items()));
      case Schema.Scalar _, Schema.Any _ -> {}
    }
  }

  /// The value without empty lists and maps that writing it would leave out, and that nobody comes
  /// to own by writing them. The value itself if there are none.
  public static ObjectNode written(ObjectNode object, Schema.Struct type) {
    if (!hasEmpty(object, type)) {
      return object;
    }
    ObjectNode copy = object.deepCopy();
    dropEmpty(copy, type);
    return copy;
  }

  /// Loops, not streams: each write comes by here, and what is nested in itself is compiled slowly.
  private static boolean hasEmpty(JsonNode value, Schema schema) {
    return switch (schema) {
      case Schema.Struct struct -> {
        if (!struct.depths().keptEmpty()) {
          yield false;
        }
        for (Map.Entry<String, JsonNode> each : value.properties()) {
          JsonNode below = each.getValue();
          Schema.@Nullable Field field =
              below.isContainerNode() ? struct.field(each.getKey()) : null;
          if (field != null && (isLeftOut(below, field) || hasEmpty(below, field.schema()))) {
            yield true;
          }
        }
        yield false;
      }
      case Schema.MapOf map -> value.isObject() && anyHasEmpty(value, map.values());
      case Schema.ListOf list -> value.isArray() && anyHasEmpty(value, list.items());
      case Schema.Scalar _, Schema.Any _ -> false;
    };
  }

  private static boolean anyHasEmpty(JsonNode values, Schema schema) {
    if (schema instanceof Schema.Scalar) {
      return false;
    }
    for (JsonNode each : values) {
      if (hasEmpty(each, schema)) {
        return true;
      }
    }
    return false;
  }

  private static void dropEmpty(JsonNode value, Schema schema) {
    switch (schema) {
      case Schema.Struct struct when value instanceof ObjectNode object -> {
        List<String> gone = new ArrayList<>();
        for (Map.Entry<String, JsonNode> each : object.properties()) {
          Schema.@Nullable Field field = struct.field(each.getKey());
          if (field == null || !each.getValue().isContainerNode()) {
            continue;
          }
          if (isLeftOut(each.getValue(), field)) {
            gone.add(each.getKey());
          } else {
            dropEmpty(each.getValue(), field.schema());
          }
        }
        object.remove(gone);
      }
      case Schema.MapOf map -> value.forEach(each -> dropEmpty(each, map.values()));
      case Schema.ListOf list -> value.forEach(each -> dropEmpty(each, list.items()));
      case Schema.Struct _, Schema.Scalar _, Schema.Any _ -> {}
    }
  }

  private static boolean isLeftOut(JsonNode value, Schema.Field field) {
    return field.zero() == Schema.Zero.KEPT && isEmpty(value, field.schema());
  }

  /// Whether a field says nothing, so that its default is in force.
  public static boolean isUnset(@Nullable JsonNode value, Schema.Field field) {
    return value == null
        || value.isNull()
        || switch (field.zero()) {
          case KEPT -> false;
          case NULL -> value.isContainerNode() && value.isEmpty();
          case DROPPED, SHOWN -> isEmpty(value, field.schema());
        };
  }

  private static boolean isEmpty(JsonNode value, Schema schema) {
    return switch (schema) {
      case Schema.Scalar scalar ->
          switch (scalar.type()) {
            case STRING -> value.isTextual() && value.asText().isEmpty();
            case INTEGER, NUMBER -> value.isNumber() && value.asDouble() == 0;
            case BOOLEAN -> value.isBoolean() && !value.asBoolean();
            case INT_OR_STRING, QUANTITY -> false;
          };
      case Schema.ListOf _, Schema.MapOf _ -> value.isContainerNode() && value.isEmpty();
      case Schema.Struct _, Schema.Any _ -> false;
    };
  }

  /// An object in which nothing is said.
  public static ObjectNode of(Schema.Struct type) {
    ObjectNode object = JsonNodeFactory.instance.objectNode();
    fill(object, type);
    return object;
  }

  /// Adds what is always shown.
  public static void fill(ObjectNode object, Schema.Struct type) {
    for (Schema.Field field : type.shown()) {
      if (!object.has(field.name())) {
        object.set(field.name(), empty(field));
      }
    }
  }

  private static JsonNode empty(Schema.Field field) {
    JsonNodeFactory json = JsonNodeFactory.instance;
    if (field.zero() == Schema.Zero.NULL) {
      return json.nullNode();
    }
    return switch (field.schema()) {
      case Schema.Struct struct -> {
        ObjectNode object = json.objectNode();
        fill(object, struct);
        yield object;
      }
      case Schema.Scalar scalar ->
          switch (scalar.type()) {
            case STRING -> scalar.format().isEmpty() ? json.textNode("") : json.nullNode();
            case INTEGER, NUMBER, INT_OR_STRING -> IntNode.valueOf(0);
            case BOOLEAN -> json.booleanNode(false);
            case QUANTITY -> json.textNode("0");
          };
      case Schema.ListOf _, Schema.MapOf _, Schema.Any _ -> json.nullNode();
    };
  }
}
