// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.patch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;

/// JSON merge patch (RFC 7386).
public final class MergePatch {
  private MergePatch() {}

  /// The target with the patch merged in; neither is changed.
  public static JsonNode apply(JsonNode target, JsonNode patch) {
    if (!(patch instanceof ObjectNode changes)) {
      return withoutNulls(patch);
    }
    ObjectNode result =
        target instanceof ObjectNode object
            ? JsonNodeFactory.instance.objectNode().setAll(object)
            : JsonNodeFactory.instance.objectNode();
    for (Map.Entry<String, JsonNode> change : changes.properties()) {
      if (change.getValue().isNull()) {
        result.remove(change.getKey());
      } else {
        JsonNode before = result.path(change.getKey());
        result.set(change.getKey(), apply(before, change.getValue()));
      }
    }
    return result;
  }

  /// Objects in lists are new, there is nothing in them to take away.
  private static JsonNode withoutNulls(JsonNode value) {
    if (!(value instanceof ArrayNode array)) {
      return value.deepCopy();
    }
    ArrayNode result = JsonNodeFactory.instance.arrayNode();
    for (JsonNode item : array) {
      result.add(
          item instanceof ObjectNode ? apply(MissingNode.getInstance(), item) : withoutNulls(item));
    }
    return result;
  }
}
