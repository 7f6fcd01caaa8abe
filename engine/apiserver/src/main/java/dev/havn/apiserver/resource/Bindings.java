// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.validate.FieldError;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;

/// Puts pods on nodes.
final class Bindings {
  private Bindings() {}

  /// Refuses what does not belong to the object in the path.
  static void checkName(Call call, ObjectNode given, String kind) {
    if (!given.path("metadata").path("name").asText("").equals(call.name())) {
      throw ApiException.badRequest("name in URL does not match name in " + kind + " object");
    }
  }

  static void check(Call call, ObjectNode binding) {
    checkName(call, binding, "Binding");
    List<FieldError> errors = new ArrayList<>();
    String kind = binding.path("target").path("kind").asText("");
    if (!kind.isEmpty() && !kind.equals("Node")) {
      errors.add(FieldError.notSupported("target.kind", kind, List.of("Node", "<empty>")));
    }
    if (binding.path("target").path("name").asText("").isEmpty()) {
      errors.add(FieldError.required("target.name", ""));
    }
    if (!errors.isEmpty()) {
      throw ApiException.unreasoned(FieldError.aggregate(errors));
    }
  }

  /// The pod on the binding's node, with its annotations, scheduled since `now`. No node is cleared
  /// for it any more.
  static ObjectNode bound(Call call, ObjectNode pod, ObjectNode binding, Instant now) {
    String name = call.name();
    if (pod.path("metadata").has("deletionTimestamp")) {
      throw conflict(name, "pod %s is being deleted, cannot be assigned to a host".formatted(name));
    }
    String assigned = pod.path("spec").path("nodeName").asText("");
    if (!assigned.isEmpty()) {
      throw conflict(name, "pod %s is already assigned to node \"%s\"".formatted(name, assigned));
    }
    if (!pod.path("spec").path("schedulingGates").isEmpty()) {
      throw conflict(name, "pod %s has non-empty .spec.schedulingGates".formatted(name));
    }
    pod.withObjectProperty("spec").set("nodeName", binding.path("target").path("name"));
    ObjectNode annotations = pod.withObjectProperty("metadata").withObjectProperty("annotations");
    binding
        .path("metadata")
        .path("annotations")
        .properties()
        .forEach(each -> annotations.set(each.getKey(), each.getValue()));
    if (annotations.isEmpty()) {
      pod.withObjectProperty("metadata").remove("annotations");
    }
    pod.withObjectProperty("status").remove("nominatedNodeName");
    schedule(pod, now);
    return pod;
  }

  private static void schedule(ObjectNode pod, Instant now) {
    ArrayNode conditions = pod.withObjectProperty("status").withArrayProperty("conditions");
    ObjectNode condition = null;
    for (JsonNode each : conditions) {
      if (each.path("type").asText().equals("PodScheduled")) {
        condition = (ObjectNode) each;
      }
    }
    if (condition == null) {
      condition = conditions.addObject().put("type", "PodScheduled");
    }
    // All that the scheduler said of earlier attempts goes, also of which generation it was.
    condition.retain("type", "status");
    condition.putNull("lastProbeTime").put("status", "True");
    condition.put("lastTransitionTime", now.truncatedTo(ChronoUnit.SECONDS).toString());
  }

  private static ApiException conflict(String name, String why) {
    return ApiException.conflict("", "pods/binding", name, why);
  }
}
