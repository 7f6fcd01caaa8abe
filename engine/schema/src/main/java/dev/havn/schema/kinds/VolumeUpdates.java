// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.validate.FieldError;
import dev.havn.schema.validate.Quantity;
import java.math.BigDecimal;

/// What of volumes and claims may change.
final class VolumeUpdates {
  private static final String CLASS = "volumeAttributesClassName";

  private VolumeUpdates() {}

  static void volume(At after, ObjectNode before) {
    At spec = after.at("spec");
    JsonNode was = before.path("spec");
    boolean named = was.path("csi").has("controllerExpandSecretRef");
    if (!source(spec.value(), named).equals(source(was, named))) {
      after
          .errors()
          .add(
              FieldError.forbidden(
                  "spec.persistentvolumesource",
                  "spec.persistentvolumesource is immutable after creation"));
    }
    spec.at("volumeMode").named("volumeMode").same(was.get("volumeMode"));
    JsonNode old = was.path("nodeAffinity");
    if (!old.isMissingNode() && !old.equals(spec.at("nodeAffinity").value())) {
      spec.at("nodeAffinity")
          .named("nodeAffinity")
          .invalid("field is immutable, except for updating from beta label to GA");
    }
    if (was.has(CLASS) && !spec.at(CLASS).isThere()) {
      spec.at(CLASS).forbidden("update from non-nil value to nil is forbidden");
    }
  }

  /// Where a volume's bytes are; the secret that resizing needs may come later.
  ///
  /// @param named whether it is there already
  private static ObjectNode source(JsonNode spec, boolean named) {
    ObjectNode source = JsonNodeFactory.instance.objectNode();
    for (String field : VolumeClaimRules.SOURCES) {
      if (spec.has(field)) {
        source.set(field, spec.get(field).deepCopy());
      }
    }
    if (!named && source.get("csi") instanceof ObjectNode driver) {
      driver.remove("controllerExpandSecretRef");
    }
    return source;
  }

  static void claim(At after, ObjectNode before) {
    At spec = after.at("spec");
    JsonNode was = before.path("spec");
    ObjectNode now = spec.value().isObject() ? spec.value().deepCopy() : before.objectNode();
    if (was.path("volumeName").asText("").isEmpty()) {
      keep(now, "volumeName", was);
    }
    if (!was.has("storageClassName")) {
      keep(now, "storageClassName", was);
    }
    if (after.at("status").at("phase").is("Bound")) {
      if (now.path("resources").get("requests") instanceof ObjectNode requests) {
        keep(requests, "storage", was.path("resources").path("requests"));
      }
      keep(now, CLASS, was);
    }
    if (!now.equals(was)) {
      spec.forbidden(
          "spec is immutable after creation except resources.requests and"
              + " volumeAttributesClassName for bound claims");
    }
    sizes(spec, before);
    spec.at("volumeMode").named("volumeMode").same(was.get("volumeMode"));
    if (before.path("status").has("currentVolumeAttributesClassName") && was.has(CLASS)) {
      At name = spec.at(CLASS);
      if (name.isEmpty()) {
        name.forbidden(
            "update to %s is forbidden when status.currentVolumeAttributesClassName is not nil"
                .formatted(name.isThere() ? "empty string" : "nil"));
      }
    }
  }

  private static void sizes(At spec, JsonNode before) {
    At size = spec.at("resources").at("requests").at("storage");
    JsonNode old = before.path("spec").path("resources").path("requests").path("storage");
    JsonNode actual = before.path("status").path("capacity").path("storage");
    boolean shrunk = size.quantity().amount().compareTo(amount(old)) < 0;
    if (shrunk && size.quantity().amount().compareTo(amount(actual)) <= 0) {
      size.forbidden("field can not be less than status.capacity");
    }
  }

  private static BigDecimal amount(JsonNode quantity) {
    return Quantity.parse(quantity.asText("0")).amount();
  }

  private static void keep(ObjectNode object, String field, JsonNode was) {
    if (was.has(field)) {
      object.set(field, was.get(field));
    } else {
      object.remove(field);
    }
  }
}
