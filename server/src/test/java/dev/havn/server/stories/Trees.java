// SPDX-License-Identifier: Apache-2.0
package dev.havn.server.stories;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

/// Merge patches, RFC 7396.
final class Trees {
  private Trees() {}

  static JsonNode merged(JsonNode into, JsonNode patch) {
    if (!(patch instanceof ObjectNode fields)) {
      return patch;
    }
    ObjectNode merged =
        into instanceof ObjectNode object
            ? object.deepCopy()
            : JsonNodeFactory.instance.objectNode();
    fields
        .properties()
        .forEach(
            field -> {
              if (field.getValue().isNull()) {
                merged.remove(field.getKey());
              } else {
                merged.set(field.getKey(), merged(merged.path(field.getKey()), field.getValue()));
              }
            });
    return merged;
  }

  /// The patch from one to the other.
  static JsonNode change(JsonNode from, JsonNode to) {
    if (!(from instanceof ObjectNode before) || !(to instanceof ObjectNode after)) {
      return to;
    }
    ObjectNode change = JsonNodeFactory.instance.objectNode();
    after
        .properties()
        .forEach(
            field -> {
              JsonNode was = before.path(field.getKey());
              if (!was.equals(field.getValue())) {
                change.set(field.getKey(), change(was, field.getValue()));
              }
            });
    before
        .properties()
        .forEach(
            field -> {
              if (!after.has(field.getKey())) {
                change.set(field.getKey(), NullNode.getInstance());
              }
            });
    return change;
  }
}
