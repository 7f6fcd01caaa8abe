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
public final class RuntimeClasses implements Admission {
  private final Objects objects;

  public RuntimeClasses(Objects objects) {
    this.objects = objects;
  }

  private static boolean isConcerned(Write write) {
    return write.operation() == Operation.CREATE && write.isOf("", "pods");
  }

  @Override
  public void admit(Write write) {
    if (!isConcerned(write) || !(write.object().get("spec") instanceof ObjectNode spec)) {
      return;
    }
    @Nullable ObjectNode chosen = chosen(write);
    if (chosen == null) {
      return;
    }
    JsonNode overhead = chosen.path("overhead").path("podFixed");
    JsonNode given = spec.path("overhead");
    if (!overhead.isEmpty()) {
      if (!given.isEmpty() && !given.equals(overhead)) {
        throw refused(write, "Pod's Overhead doesn't match RuntimeClass's defined Overhead");
      }
      spec.set("overhead", overhead.deepCopy());
    }
    select(write, chosen.path("scheduling").path("nodeSelector"), spec);
    tolerate(chosen.path("scheduling").path("tolerations"), spec);
  }

  @Override
  public void validate(Write write) {
    if (!isConcerned(write)) {
      return;
    }
    @Nullable ObjectNode chosen = chosen(write);
    JsonNode given = write.object().path("spec").path("overhead");
    if (chosen != null && chosen.has("overhead")) {
      if (!given.equals(chosen.path("overhead").path("podFixed"))) {
        throw refused(write, "Pod's Overhead doesn't match RuntimeClass's defined Overhead");
      }
    } else if (!given.isMissingNode()) {
      throw refused(write, "Pod Overhead set without corresponding RuntimeClass defined Overhead");
    }
  }

  private @Nullable ObjectNode chosen(Write write) {
    JsonNode name = write.object().path("spec").path("runtimeClassName");
    if (!name.isTextual()) {
      return null;
    }
    if (name.asText().isEmpty()) {
      throw ApiException.unreasoned("resource name may not be empty");
    }
    @Nullable ObjectNode found =
        objects.read("node.k8s.io/v1", "runtimeclasses", "", name.asText());
    if (found == null) {
      throw refused(write, "RuntimeClass \"" + name.asText() + "\" not found");
    }
    return found;
  }

  private static ApiException refused(Write write, String problem) {
    return ApiException.forbidden(write.type(), write.name(), "pod rejected: " + problem);
  }

  private static void select(Write write, JsonNode selector, ObjectNode spec) {
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
