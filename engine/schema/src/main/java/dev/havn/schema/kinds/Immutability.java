// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;

/// Fields that may not change.
final class Immutability {
  private static final String SEALED = "field is immutable when `immutable` is set";

  /// Kinds whose fields may simply not become another value.
  private static final Map<String, List<String>> FIXED =
      Map.ofEntries(
          Map.entry("ControllerRevision", List.of("data")),
          Map.entry("DaemonSet", List.of("spec.selector")),
          Map.entry("Deployment", List.of("spec.selector")),
          Map.entry("EndpointSlice", List.of("addressType")),
          Map.entry("IPAddress", List.of("spec.parentRef")),
          Map.entry("ReplicaSet", List.of("spec.selector")),
          Map.entry("ResourceClaim", List.of("spec")),
          Map.entry("ResourceClaimTemplate", List.of("spec")),
          Map.entry("ResourceSlice", List.of("spec.pool.name", "spec.driver", "spec.nodeName")),
          Map.entry("RuntimeClass", List.of("handler")),
          Map.entry(
              "StorageClass",
              List.of("parameters", "provisioner", "reclaimPolicy", "volumeBindingMode")),
          Map.entry("VolumeAttachment", List.of("spec")));

  private Immutability() {}

  static void check(String kind, ObjectNode before, At after) {
    for (String path : FIXED.getOrDefault(kind, List.of())) {
      At now = after;
      JsonNode was = before;
      for (String step : path.split("\\.")) {
        now = now.at(step);
        was = was.path(step);
      }
      if (kind.equals("ControllerRevision")) {
        now.exactly(was);
      } else {
        now.same(was.isMissingNode() ? null : was);
      }
    }
    switch (kind) {
      case "StatefulSet" -> statefulSet(before, after);
      case "Job" -> JobRules.changed(after, before);
      case "RoleBinding", "ClusterRoleBinding" -> binding(before, after);
      case "ConfigMap", "Secret" -> sealed(kind, before, after);
      case "Pod" -> PodUpdates.check(after, before);
      case "ResourceQuota" -> QuotaRules.changed(after, before);
      case "Service" -> ServiceRules.unchanged(after, before);
      case "ServiceCIDR" -> NetworkingRules.changedRange(after, before.path("spec").path("cidrs"));
      case "Node" -> NodeRules.changed(after, before);
      case "Event" -> EventRules.unchanged(after, before);
      case "PriorityClass" -> {
        if (!before.path("value").equals(after.value().path("value"))) {
          after.at("value").forbidden("may not be changed in an update.");
        }
        after.at("preemptionPolicy").same(before.path("preemptionPolicy"));
      }
      case "PersistentVolume" -> VolumeUpdates.volume(after, before);
      case "PersistentVolumeClaim" -> VolumeUpdates.claim(after, before);
      case "CSIDriver" -> driver(before, after);
      case "IngressClass" ->
          after.at("spec").at("controller").sameText(before.path("spec").path("controller"));
      case "CSIStorageCapacity" -> topology(before, after);
      case "CSINode" -> drivers(before, after);
      case "ResourceSlice" -> SliceRules.contents(after);
      case "VolumeAttributesClass" -> {
        for (String field : List.of("driverName", "parameters")) {
          if (!before.path(field).equals(after.value().path(field))) {
            after.at(field).forbidden("updates to " + field + " are forbidden.");
          }
        }
      }
      default -> {}
    }
  }

  private static void binding(ObjectNode before, At after) {
    if (!before.path("roleRef").equals(after.value().path("roleRef"))) {
      after.at("roleRef").invalid("cannot change roleRef");
    }
  }

  /// A selector of everything is another than none.
  private static void topology(ObjectNode before, At after) {
    At now = after.at("nodeTopology");
    JsonNode was = before.path("nodeTopology");
    if (now.isThere() == was.isObject()) {
      now.same(was);
    } else {
      now.invalid("field is immutable");
    }
    after.at("storageClassName").same(before.get("storageClassName"));
  }

  /// How many volumes a driver can attach may change, and nothing else of it.
  private static void drivers(ObjectNode before, At after) {
    At drivers = after.at("spec").at("drivers");
    for (JsonNode old : before.path("spec").path("drivers")) {
      for (At now : drivers.items()) {
        ObjectNode was = old.deepCopy();
        ObjectNode is = now.value().deepCopy();
        was.remove("allocatable");
        is.remove("allocatable");
        if (now.at("name").is(old.path("name").asText("")) && !was.equals(is)) {
          now.named(drivers.path()).invalid("field is immutable");
        }
      }
    }
  }

  private static void driver(ObjectNode before, At after) {
    JsonNode was = before.path("spec");
    At spec = after.at("spec");
    spec.at("attachRequired").named("spec.attachedRequired").same(was.path("attachRequired"));
    spec.at("volumeLifecycleModes").same(was.path("volumeLifecycleModes"));
  }

  private static void statefulSet(ObjectNode before, At after) {
    ObjectNode one = before.path("spec").deepCopy();
    ObjectNode other = after.at("spec").value().deepCopy();
    List<String> mutable =
        List.of(
            "replicas",
            "ordinals",
            "template",
            "updateStrategy",
            "revisionHistoryLimit",
            "persistentVolumeClaimRetentionPolicy",
            "minReadySeconds");
    one.remove(mutable);
    other.remove(mutable);
    if (!one.equals(other)) {
      after
          .at("spec")
          .forbidden(
              "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template',"
                  + " 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy'"
                  + " and 'minReadySeconds' are forbidden");
    }
  }

  private static void sealed(String kind, ObjectNode before, At after) {
    if (kind.equals("Secret")) {
      after.at("type").same(before.path("type"));
    }
    if (!before.path("immutable").asBoolean()) {
      return;
    }
    if (!after.at("immutable").flag()) {
      after.at("immutable").forbidden(SEALED);
    }
    for (String field : List.of("data", "binaryData")) {
      JsonNode now = after.value().path(field);
      if (!before.path(field).equals(now)) {
        after.at(field).forbidden(SEALED);
      }
    }
  }
}
