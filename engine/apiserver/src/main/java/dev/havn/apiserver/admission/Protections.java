// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.admission;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;

/// StorageObjectInUseProtection and TaintNodesByCondition: new storage objects are held until
/// nobody uses them, new nodes take no pods until they are ready.
public final class Protections implements Admission {
  private static final Map<String, String> FINALIZERS =
      Map.of(
          "PersistentVolume", "kubernetes.io/pv-protection",
          "PersistentVolumeClaim", "kubernetes.io/pvc-protection",
          "VolumeAttributesClass", "kubernetes.io/vac-protection");
  private static final String NOT_READY = "node.kubernetes.io/not-ready";

  @Override
  public void admit(Write write) {
    if (write.operation() != Operation.CREATE || !write.subresource().isEmpty()) {
      return;
    }
    String kind = write.type().builtinKind();
    if (FINALIZERS.containsKey(kind)) {
      protect(write.object(), FINALIZERS.get(kind));
    } else if (kind.equals("Node")) {
      taint(write.object());
    }
  }

  private static void protect(ObjectNode object, String finalizer) {
    ArrayNode finalizers = object.withObjectProperty("metadata").withArrayProperty("finalizers");
    for (JsonNode each : finalizers) {
      if (each.asText().equals(finalizer)) {
        return;
      }
    }
    finalizers.add(finalizer);
  }

  private static void taint(ObjectNode node) {
    ArrayNode taints = node.withObjectProperty("spec").withArrayProperty("taints");
    for (JsonNode each : taints) {
      if (each.path("key").asText().equals(NOT_READY)
          && each.path("effect").asText().equals("NoSchedule")) {
        return;
      }
    }
    taints.addObject().put("key", NOT_READY).put("effect", "NoSchedule");
  }
}
