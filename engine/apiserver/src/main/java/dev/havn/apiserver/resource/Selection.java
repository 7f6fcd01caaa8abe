// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.ResourceType;
import dev.havn.schema.select.FieldSelector;
import dev.havn.schema.select.LabelSelector;
import dev.havn.schema.select.SelectorException;
import org.jspecify.annotations.Nullable;

/// Which objects a list or watch is about.
record Selection(LabelSelector labels, FieldSelector fields) {

  static Selection of(Call call) {
    @Nullable String labels = call.query("labelSelector");
    @Nullable String fields = call.query("fieldSelector");
    try {
      FieldSelector chosen =
          fields == null ? FieldSelector.EVERYTHING : FieldSelector.parse(fields);
      ObjectNode empty = com.fasterxml.jackson.databind.node.JsonNodeFactory.instance.objectNode();
      for (FieldSelector.Requirement each : chosen.requirements()) {
        if (Kinds.selectable(call.type(), empty, each.field()) == null) {
          throw ApiException.badRequest(unsupported(call.type(), each.field()));
        }
      }
      if (!call.name().isEmpty()) {
        chosen = FieldSelector.parse("metadata.name=" + call.name());
      }
      return new Selection(
          labels == null ? LabelSelector.EVERYTHING : LabelSelector.parse(labels), chosen);
    } catch (SelectorException e) {
      throw ApiException.badRequest(String.valueOf(e.getMessage()));
    }
  }

  private static String unsupported(ResourceType type, String field) {
    if (type.custom() != null) {
      return "field label not supported: " + field;
    }
    return switch (type.builtinKind()) {
      case "Pod", "Node", "Namespace", "Secret", "Service", "Event", "CertificateSigningRequest" ->
          "field label not supported: " + field;
      case "ReplicationController" -> "field label not supported: " + field;
      case "Job" -> "field label \"%s\" not supported for Job".formatted(field);
      case "ResourceSlice" ->
          "field label not supported for %s, Kind=%s: %s"
              .formatted(type.apiVersion(), type.kind(), field);
      default ->
          "\"%s\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
              .formatted(field);
    };
  }

  boolean isEverything() {
    return labels.isEverything() && fields.isEverything();
  }

  @Nullable String name() {
    return fields.required("metadata.name");
  }

  boolean matches(ResourceType type, StoredObject object) {
    @Nullable String name = name();
    if (name != null && !object.entry().key().endsWith("/" + name)) {
      return false; // the key tells without a look at the object
    }
    return (labels.isEverything() || labels.matches(object.labels()))
        && (fields.isEverything()
            || fields.matches(
                field -> Kinds.selectable(type, Conversions.selected(type, object), field)));
  }
}
