// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.apply;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.Schema;
import dev.havn.schema.codec.CodecException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A configuration that a policy applies to an object: merged as server-side apply merges, without
/// owners, and only into what is merged in parts.
public final class AppliedPatch {
  private AppliedPatch() {}

  /// The object with the configuration in it; the arguments stay as they are.
  ///
  /// @throws CodecException when it does not fit the type, or would replace something whole
  public static ObjectNode applied(ObjectNode object, ObjectNode patch, Schema.Struct type) {
    String problems = TypedCheck.problems(patch, type);
    if (!problems.isEmpty()) {
      throw new CodecException("failed to convert patch object to typed object: " + problems);
    }
    List<String> atomic = new ArrayList<>();
    atomics(patch, type, "", atomic);
    if (!atomic.isEmpty()) {
      throw new CodecException(
          "invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: "
              + String.join(", ", atomic));
    }
    return (ObjectNode) TypedMerge.merge(object, patch, type);
  }

  private static void atomics(
      JsonNode patch, @Nullable Schema schema, String path, List<String> found) {
    switch (schema) {
      case Schema.Struct struct when patch.isObject() && struct.atomic() -> found.add(path);
      case Schema.MapOf map when patch.isObject() && map.atomic() -> found.add(path);
      case Schema.ListOf list when patch.isArray() && !Fields.isAssociative(list) ->
          found.add(path);
      case Schema.ListOf list -> patch.forEach(each -> atomics(each, list.items(), path, found));
      case null, default -> {
        for (Map.Entry<String, JsonNode> each : patch.properties()) {
          atomics(
              each.getValue(),
              Fields.schemaOf(schema, each.getKey()),
              path + "." + each.getKey(),
              found);
        }
      }
    }
  }
}
