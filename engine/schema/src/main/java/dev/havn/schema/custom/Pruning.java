// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.custom;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Takes out of a custom object what its schema does not know, in place, and `null` where none is
/// allowed and nothing takes its place.
final class Pruning {
  private static final List<String> OF_EVERY_RESOURCE = List.of("apiVersion", "kind", "metadata");

  private final List<String> unknown = new ArrayList<>();

  private Pruning() {}

  /// @return paths of the fields that were taken out, in the order of their text
  static List<String> prune(ObjectNode object, Structural schema) {
    Pruning pruning = new Pruning();
    pruning.object(object, schema, "", true);
    dropNulls(object, schema);
    pruning.unknown.sort(null);
    return pruning.unknown;
  }

  /// Takes out of a default what its schema does not know, in place.
  static void pruneDefault(JsonNode value, Structural schema) {
    new Pruning().value(value, schema, "");
  }

  private void value(JsonNode value, @Nullable Structural schema, String path) {
    switch (value) {
      case ObjectNode object -> object(object, schema, path, schema != null && schema.embedded());
      case ArrayNode array -> {
        if (schema != null && schema.items() == null && schema.preserve()) {
          return;
        }
        for (int i = 0; i < array.size(); i++) {
          value(array.get(i), schema == null ? null : schema.items(), path + "[" + i + "]");
        }
      }
      default -> {}
    }
  }

  private void object(
      ObjectNode object, @Nullable Structural schema, String path, boolean resource) {
    boolean keeps = schema != null && (schema.preserve() || schema.open());
    List<String> names = new ArrayList<>();
    object.fieldNames().forEachRemaining(names::add);
    for (String name : names) {
      if (resource && OF_EVERY_RESOURCE.contains(name)) {
        continue;
      }
      String at = path.isEmpty() ? name : path + "." + name;
      @Nullable Structural below = schema == null ? null : schema.below(name);
      if (below != null) {
        value(object.get(name), below, at);
      } else if (!keeps) {
        unknown.add(at);
        object.remove(name);
      }
    }
  }

  private static void dropNulls(JsonNode value, @Nullable Structural schema) {
    if (schema == null) {
      return;
    }
    if (value instanceof ObjectNode object) {
      List<String> gone = new ArrayList<>();
      for (var each : object.properties()) {
        @Nullable Structural below = schema.below(each.getKey());
        if (below == null) {
          continue;
        }
        if (each.getValue().isNull() && !below.nullable() && below.defaultValue() == null) {
          gone.add(each.getKey());
        } else {
          dropNulls(each.getValue(), below);
        }
      }
      object.remove(gone);
    } else if (value.isArray()) {
      value.forEach(each -> dropNulls(each, schema.items()));
    }
  }
}
