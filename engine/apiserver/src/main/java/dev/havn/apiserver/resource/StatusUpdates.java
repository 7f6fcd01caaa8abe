// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.ResourceType;
import dev.havn.schema.validate.Times;
import dev.havn.schema.validate.Zeros;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What a write of the status subresource makes of an object: a new status, and with most kinds new
/// metadata, too.
final class StatusUpdates {
  private static final List<String> METADATA =
      List.of(
          "generateName",
          "labels",
          "annotations",
          "finalizers",
          "ownerReferences",
          "deletionTimestamp",
          "deletionGracePeriodSeconds");

  private StatusUpdates() {}

  /// @param after as the caller wants it, with all metadata that callers cannot set
  static ObjectNode of(Call call, ObjectNode before, ObjectNode after, Instant now) {
    ResourceType type = call.type();
    ObjectNode result = before.deepCopy();
    copy("status", after, result);
    ObjectNode metadata = (ObjectNode) result.get("metadata");
    JsonNode given = after.path("metadata");
    copy("managedFields", given, metadata);
    Set<String> reset = ResetFields.of(type, "status");
    if (!reset.contains("metadata")) {
      METADATA.stream()
          .filter(field -> !reset.contains("metadata." + field))
          .forEach(field -> copy(field, given, metadata));
    }
    if (type.custom() == null) {
      Zeros.fill(result, type.schema());
    }
    TypeRules.fill(call, result);
    switch (type.builtinKind()) {
      case "Pod" -> {
        keepQuality(before, result);
        address(result.withObjectProperty("status"));
      }
      case "PersistentVolume" -> noteTransition(before, result, now);
      default -> {}
    }
    return result;
  }

  /// Before a changed part is compared with what stood there.
  static void prepare(Call call, ObjectNode before, ObjectNode after, Instant now) {
    ResourceType type = call.type();
    boolean ofStatus = call.info().subresource().equals("status");
    if (ofStatus) {
      Kinds.prepareStatusUpdate(call, before, after);
    }
    if (type.builtinKind().equals("CertificateSigningRequest")) {
      if (ofStatus) {
        SigningRequests.keepApproval(before, after);
      }
      SigningRequests.stamp(before, after, now);
    }
  }

  /// Who approves of a request, or denies it, changes neither the request nor the certificate.
  static void approve(ObjectNode before, ObjectNode after) {
    copy("spec", before, after);
    ObjectNode status = after.withObjectProperty("status");
    copy("certificate", before.path("status"), status);
  }

  /// The older field holds the first address of the newer one, and wins where they differ.
  static void address(ObjectNode status) {
    String one = status.path("podIP").asText("");
    JsonNode all = status.path("podIPs");
    if (!one.isEmpty() && !one.equals(all.path(0).path("ip").asText(""))) {
      status.putArray("podIPs").addObject().put("ip", one);
    } else if (one.isEmpty() && !all.isEmpty()) {
      status.set("podIP", all.get(0).path("ip"));
    }
  }

  private static void keepQuality(ObjectNode before, ObjectNode after) {
    ObjectNode status = after.withObjectProperty("status");
    JsonNode quality = before.path("status").path("qosClass");
    if (!status.has("qosClass") && quality.isTextual()) {
      status.set("qosClass", quality);
    }
  }

  private static void noteTransition(ObjectNode before, ObjectNode after, Instant now) {
    ObjectNode status = after.withObjectProperty("status");
    JsonNode old = before.path("status");
    String field = "lastPhaseTransitionTime";
    boolean same = old.path("phase").equals(status.path("phase"));
    if (same && !status.has(field)) {
      copy(field, old, status);
    } else if (!same && (!status.has(field) || status.path(field).equals(old.path(field)))) {
      status.put(field, Times.seconds(now));
    }
  }

  private static void copy(String field, JsonNode from, ObjectNode to) {
    @Nullable JsonNode value = from.get(field);
    if (value == null) {
      to.remove(field);
    } else {
      to.set(field, value.deepCopy());
    }
  }
}
