// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.columns;

import static dev.havn.apiserver.columns.Cells.at;
import static dev.havn.apiserver.columns.Cells.node;
import static dev.havn.apiserver.columns.Column.age;
import static dev.havn.apiserver.columns.Column.flag;
import static dev.havn.apiserver.columns.Column.size;
import static dev.havn.apiserver.columns.Column.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;

/// Volumes, their classes and drivers.
final class StorageColumns {
  private static final String CLASS =
      "/metadata/annotations/volume.beta.kubernetes.io~1storage-class";

  private StorageColumns() {}

  static List<Column> of(String kind) {
    return switch (kind) {
      case "PersistentVolume" -> volume();
      case "PersistentVolumeClaim" -> claim();
      case "StorageClass" ->
          List.of(
              text("Provisioner", "provisioner"),
              text("ReclaimPolicy", "reclaimPolicy"),
              text("VolumeBindingMode", "volumeBindingMode"),
              flag("AllowVolumeExpansion", o -> o.path("allowVolumeExpansion").asBoolean())
                  .typed("string"),
              age());
      case "VolumeAttributesClass" -> List.of(text("DriverName", "driverName"), age());
      case "VolumeAttachment" ->
          List.of(
              text("Attacher", "spec.attacher").naming(),
              text("PV", "spec.source.persistentVolumeName"),
              text("Node", "spec.nodeName"),
              flag("Attached", o -> node(o, "status.attached").asBoolean()),
              age());
      case "CSINode" -> List.of(size("Drivers", "spec.drivers"), age());
      case "CSIDriver" -> driver();
      default -> List.of();
    };
  }

  private static List<Column> volume() {
    return List.of(
        text("Capacity", "spec.capacity.storage"),
        text("Access Modes", o -> Cells.modes(node(o, "spec.accessModes"))),
        text("Reclaim Policy", "spec.persistentVolumeReclaimPolicy"),
        text("Status", Cells::phase),
        text("Claim", StorageColumns::boundClaim),
        text("StorageClass", StorageColumns::storageClass),
        text("VolumeAttributesClass", StorageColumns::attributesClass),
        text("Reason", "status.reason"),
        age(),
        text("VolumeMode", o -> Cells.orUnset(at(o, "spec.volumeMode"))).wide());
  }

  private static List<Column> claim() {
    return List.of(
        text("Status", Cells::phase),
        text("Volume", "spec.volumeName"),
        text("Capacity", o -> isBound(o) ? at(o, "status.capacity.storage") : ""),
        text("Access Modes", o -> isBound(o) ? Cells.modes(node(o, "status.accessModes")) : ""),
        text("StorageClass", StorageColumns::storageClass),
        text("VolumeAttributesClass", StorageColumns::attributesClass),
        age(),
        text("VolumeMode", o -> Cells.orUnset(at(o, "spec.volumeMode"))).wide());
  }

  private static List<Column> driver() {
    return List.of(
        flag("AttachRequired", o -> node(o, "spec.attachRequired").asBoolean(true)),
        flag("PodInfoOnMount", o -> node(o, "spec.podInfoOnMount").asBoolean()),
        flag("StorageCapacity", o -> node(o, "spec.storageCapacity").asBoolean()),
        text(
            "TokenRequests",
            o ->
                node(o, "spec.tokenRequests").isMissingNode()
                    ? Cells.UNSET
                    : Cells.join(node(o, "spec.tokenRequests"), "audience")),
        flag("RequiresRepublish", o -> node(o, "spec.requiresRepublish").asBoolean()),
        text(
            "Modes",
            o -> Cells.orNone(String.join(",", Cells.texts(node(o, "spec.volumeLifecycleModes"))))),
        age());
  }

  private static boolean isBound(JsonNode claim) {
    return !at(claim, "spec.volumeName").isEmpty();
  }

  private static String boundClaim(JsonNode volume) {
    JsonNode claim = node(volume, "spec.claimRef");
    return claim.isMissingNode() ? "" : at(claim, "namespace") + "/" + at(claim, "name");
  }

  private static String storageClass(JsonNode object) {
    return object.at(CLASS).asText(at(object, "spec.storageClassName"));
  }

  private static String attributesClass(JsonNode object) {
    return Cells.orUnset(at(object, "spec.volumeAttributesClassName"));
  }
}
