// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.ResourceType;
import dev.havn.schema.validate.Times;
import java.time.Instant;

/// The end of a CustomResourceDefinition begins with a mark: first its objects have to go.
final class DefinitionEnd {
  private static final String FINALIZER = "customresourcecleanup.apiextensions.k8s.io";

  private DefinitionEnd() {}

  /// Adds the finalizer and the condition to a definition that is deleted for the first time, in
  /// place; what is shared with others is copied.
  static void begin(ResourceType type, ObjectNode definition, Instant now) {
    ObjectNode metadata = (ObjectNode) definition.get("metadata");
    if (!type.builtinKind().equals("CustomResourceDefinition")
        || metadata.has("deletionTimestamp")) {
      return;
    }
    ArrayNode finalizers = JsonNodeFactory.instance.arrayNode();
    for (JsonNode each : metadata.path("finalizers")) {
      if (!each.asText().equals(FINALIZER)) {
        finalizers.add(each);
      }
    }
    metadata.set("finalizers", finalizers.add(FINALIZER));
    ObjectNode status =
        definition.path("status") instanceof ObjectNode given
            ? given.deepCopy()
            : JsonNodeFactory.instance.objectNode();
    ArrayNode conditions = JsonNodeFactory.instance.arrayNode();
    for (JsonNode each : status.path("conditions")) {
      if (!each.path("type").asText().equals("Terminating")) {
        conditions.add(each);
      }
    }
    conditions
        .addObject()
        .put("lastTransitionTime", Times.seconds(now))
        .put(
            "message",
            "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon")
        .put("reason", "InstanceDeletionPending")
        .put("status", "True")
        .put("type", "Terminating");
    status.set("conditions", conditions);
    definition.set("status", status);
  }
}
