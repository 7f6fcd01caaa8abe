// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.apply;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.io.JsonStringEncoder;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.havn.schema.Schema;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// How the steps of a path are written in `FieldsV1`.
final class PathElements {
  private static final ObjectMapper JSON = new ObjectMapper();

  private PathElements() {}

  static String field(String name) {
    return "f:" + name;
  }

  /// The step to an item of a keyed list or a set; null when the item lacks all keys.
  static @Nullable String item(Schema.ListOf list, JsonNode item) {
    if (list.type() == Schema.ListType.SET) {
      return "v:" + item;
    }
    StringBuilder keys = new StringBuilder("k:{");
    for (String key : list.keys().size() > 1 ? new TreeSet<>(list.keys()) : list.keys()) {
      @Nullable JsonNode value = key(list, item, key);
      if (value != null) {
        keys.append(keys.length() == "k:{".length() ? "" : ",");
        quote(key, keys);
        keys.append(':');
        if (value.isTextual()) {
          quote(value.textValue(), keys);
        } else {
          keys.append(value);
        }
      }
    }
    return keys.length() == "k:{".length() ? null : keys.append('}').toString();
  }

  /// A text as JSON; several times as fast as a writer of JSON.
  private static void quote(String text, StringBuilder out) {
    out.append('"');
    JsonStringEncoder.getInstance().quoteAsString(text, out);
    out.append('"');
  }

  /// Whether an item of a keyed list has one of its keys.
  static boolean isKeyed(Schema.ListOf list, JsonNode item) {
    for (String key : list.keys()) {
      if (key(list, item, key) != null) {
        return true;
      }
    }
    return false;
  }

  private static @Nullable JsonNode key(Schema.ListOf list, JsonNode item, String key) {
    @Nullable JsonNode value = item.get(key);
    return value == null ? defaultOf(list, key) : value;
  }

  /// A port without a protocol is one of TCP.
  private static @Nullable JsonNode defaultOf(Schema.ListOf list, String key) {
    if (list.items() instanceof Schema.Struct struct) {
      Schema.@Nullable Field field = struct.field(key);
      if (field != null && field.defaultValue() != null) {
        return field.defaultValue();
      }
      if (field != null && isNeverNil(struct, field)) {
        return field.schema() instanceof Schema.Scalar scalar
                && scalar.type() == Schema.ScalarType.INTEGER
            ? JsonNodeFactory.instance.numberNode(0)
            : JsonNodeFactory.instance.textNode("");
      }
    }
    return key.equals("protocol") ? JsonNodeFactory.instance.textNode("TCP") : null;
  }

  /// A key that is there even when nobody sets it.
  private static boolean isNeverNil(Schema.Struct struct, Schema.Field field) {
    return field.required() || struct.name().endsWith(".LocalObjectReference");
  }

  static JsonNode parse(String json) {
    try {
      return JSON.readTree(json);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("path element " + json, e);
    }
  }
}
