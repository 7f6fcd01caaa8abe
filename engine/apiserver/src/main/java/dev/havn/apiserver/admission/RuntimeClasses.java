// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.admission;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.resource.ApiException;
import dev.havn.apiserver.resource.Objects;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The plugin RuntimeClass (KEP-585, KEP-688): a pod's class must exist, and gives the pod its
/// overhead and where it may run.
final class RuntimeClasses {
  private RuntimeClasses() {}

  static void admit(Objects objects, Admission.Write write, ObjectNode spec) {
    String name = spec.path("runtimeClassName").asText("");
    JsonNode given = spec.path("overhead");
    if (name.isEmpty()) {
      if (!given.isEmpty()) {
        throw refused(
            write, "Pod Overhead set without corresponding RuntimeClass defined Overhead");
      }
      return;
    }
    @Nullable ObjectNode chosen = objects.read("node.k8s.io/v1", "runtimeclasses", "", name);
    if (chosen == null) {
      throw refused(write, "RuntimeClass \"" + name + "\" not found");
    }
    JsonNode overhead = chosen.path("overhead").path("podFixed");
    if (overhead.isEmpty() && !given.isEmpty()) {
      throw refused(write, "Pod Overhead set without corresponding RuntimeClass defined Overhead");
    }
    if (!given.isEmpty() && !given.equals(overhead)) {
      throw refused(write, "Pod's Overhead doesn't match RuntimeClass's defined Overhead");
    }
    if (!overhead.isEmpty()) {
      spec.set("overhead", overhead.deepCopy());
    }
    select(write, chosen.path("scheduling").path("nodeSelector"), spec);
    tolerate(chosen.path("scheduling").path("tolerations"), spec);
  }

  private static ApiException refused(Admission.Write write, String problem) {
    return ApiException.forbidden(write.type(), write.name(), "pod rejected: " + problem);
  }

  private static void select(Admission.Write write, JsonNode selector, ObjectNode spec) {
    if (selector.isEmpty()) {
      return;
    }
    ObjectNode own = spec.withObjectProperty("nodeSelector");
    for (Map.Entry<String, JsonNode> label : selector.properties()) {
      @Nullable JsonNode before = own.get(label.getKey());
      if (before != null && !before.equals(label.getValue())) {
        throw ApiException.forbidden(
            write.type(),
            write.name(),
            "conflict: runtimeClass.scheduling.nodeSelector[%s] = %s; pod.spec.nodeSelector[%s] = %s"
                .formatted(
                    label.getKey(), label.getValue().asText(), label.getKey(), before.asText()));
      }
      own.set(label.getKey(), label.getValue());
    }
  }

  private static void tolerate(JsonNode tolerations, ObjectNode spec) {
    if (tolerations.isEmpty()) {
      return;
    }
    ArrayNode own = spec.withArrayProperty("tolerations");
    List<JsonNode> known = new ArrayList<>();
    own.forEach(known::add);
    for (JsonNode each : tolerations) {
      if (!known.contains(each)) {
        own.add(each.deepCopy());
      }
    }
  }
}
