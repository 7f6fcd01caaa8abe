// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.validate.FieldError;
import java.util.ArrayList;
import java.util.List;

/// Fields that may not change.
final class Immutability {
  private static final String FIXED = "field is immutable";

  private Immutability() {}

  static List<FieldError> check(String kind, ObjectNode before, ObjectNode after) {
    List<FieldError> errors = new ArrayList<>();
    switch (kind) {
      case "Deployment", "ReplicaSet", "DaemonSet" ->
          fixed(before, after, "spec", "selector", errors);
      case "StatefulSet" -> statefulSet(before, after, errors);
      case "Job" -> {
        fixed(before, after, "spec", "selector", errors);
        fixed(before, after, "spec", "completionMode", errors);
      }
      case "RoleBinding", "ClusterRoleBinding" -> {
        if (!before.path("roleRef").equals(after.path("roleRef"))) {
          errors.add(FieldError.invalid("roleRef", after.path("roleRef"), "cannot change roleRef"));
        }
      }
      case "ConfigMap", "Secret" -> sealed(kind, before, after, errors);
      case "Pod" -> pod(before, after, errors);
      case "Service" -> service(before, after, errors);
      case "PriorityClass" -> {
        if (!before.path("value").equals(after.path("value"))) {
          errors.add(FieldError.forbidden("value", "may not be changed in an update."));
        }
      }
      default -> {}
    }
    return errors;
  }

  private static void fixed(
      ObjectNode before, ObjectNode after, String owner, String field, List<FieldError> errors) {
    JsonNode now = after.path(owner).path(field);
    if (!before.path(owner).path(field).equals(now)) {
      errors.add(FieldError.invalid(owner + "." + field, now, FIXED));
    }
  }

  private static void statefulSet(ObjectNode before, ObjectNode after, List<FieldError> errors) {
    ObjectNode one = before.path("spec").deepCopy();
    ObjectNode other = after.path("spec").deepCopy();
    for (String mutable :
        List.of(
            "replicas",
            "ordinals",
            "template",
            "updateStrategy",
            "revisionHistoryLimit",
            "persistentVolumeClaimRetentionPolicy",
            "minReadySeconds")) {
      one.remove(mutable);
      other.remove(mutable);
    }
    if (!one.equals(other)) {
      errors.add(
          FieldError.forbidden(
              "spec",
              "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template',"
                  + " 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy'"
                  + " and 'minReadySeconds' are forbidden"));
    }
  }

  private static void sealed(
      String kind, ObjectNode before, ObjectNode after, List<FieldError> errors) {
    if (kind.equals("Secret") && !before.path("type").equals(after.path("type"))) {
      errors.add(FieldError.invalid("type", after.path("type"), FIXED));
    }
    if (!before.path("immutable").asBoolean()) {
      return;
    }
    if (!after.path("immutable").asBoolean()) {
      errors.add(FieldError.forbidden("immutable", "field is immutable when `immutable` is set"));
    }
    for (String field : List.of("data", "binaryData")) {
      if (!before.path(field).equals(after.path(field))) {
        errors.add(FieldError.forbidden(field, "field is immutable when `immutable` is set"));
      }
    }
  }

  private static void pod(ObjectNode before, ObjectNode after, List<FieldError> errors) {
    ObjectNode one = before.path("spec").deepCopy();
    ObjectNode other = after.path("spec").deepCopy();
    for (String list : List.of("containers", "initContainers")) {
      if (one.get(list) instanceof ArrayNode old && other.get(list) instanceof ArrayNode now) {
        for (int i = 0; i < Math.min(old.size(), now.size()); i++) {
          if (now.get(i) instanceof ObjectNode container) {
            container.set("image", old.get(i).path("image"));
          }
        }
      }
    }
    for (String mutable :
        List.of("activeDeadlineSeconds", "terminationGracePeriodSeconds", "tolerations")) {
      one.remove(mutable);
      other.remove(mutable);
    }
    boolean gated = before.path("spec").path("schedulingGates").size() > 0;
    if (gated) {
      for (String gate : List.of("schedulingGates", "nodeSelector", "affinity")) {
        one.remove(gate);
        other.remove(gate);
      }
    }
    if (!one.equals(other)) {
      errors.add(
          FieldError.forbidden(
              "spec",
              "pod updates may not change fields other than `spec.containers[*].image`,"
                  + "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,"
                  + "`spec.tolerations` (only additions to existing tolerations),"
                  + "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was"
                  + " previously negative)"));
    }
  }

  private static void service(ObjectNode before, ObjectNode after, List<FieldError> errors) {
    String was = before.path("spec").path("clusterIP").asText("");
    String now = after.path("spec").path("clusterIP").asText("");
    boolean external = after.path("spec").path("type").asText().equals("ExternalName");
    if (!was.isEmpty() && !external && !was.equals(now)) {
      errors.add(FieldError.invalid("spec.clusterIPs[0]", now, "may not change once set"));
    }
  }
}
