// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.admission;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.resource.ApiException;
import dev.havn.apiserver.resource.Objects;
import org.jspecify.annotations.Nullable;

/// The plugin Priority: a pod's class becomes a number, and only one class is the default.
public final class Priorities implements Admission {
  private static final String VERSION = "scheduling.k8s.io/v1";

  private final Objects objects;

  public Priorities(Objects objects) {
    this.objects = objects;
  }

  @Override
  public void admit(Write write) {
    if (!write.isOf("", "pods") || !(write.object().get("spec") instanceof ObjectNode spec)) {
      return;
    }
    @Nullable ObjectNode before = write.before();
    if (write.operation() == Operation.CREATE) {
      choose(write, spec);
    } else if (write.operation() == Operation.UPDATE && before != null) {
      keep(spec, before.path("spec"));
    }
  }

  @Override
  public void validate(Write write) {
    if (!write.isOf("scheduling.k8s.io", "priorityclasses")
        || write.operation() == Operation.DELETE
        || !write.object().path("globalDefault").asBoolean()) {
      return;
    }
    @Nullable ObjectNode usual = usual();
    if (usual != null) {
      String name = usual.at("/metadata/name").asText();
      if (write.operation() == Operation.CREATE || !name.equals(write.name())) {
        throw ApiException.forbidden(
            write.type(),
            write.name(),
            "PriorityClass %s is already marked as default. Only one default can exist"
                .formatted(name));
      }
    }
  }

  /// What was chosen for a new pod stays with it.
  private static void keep(ObjectNode spec, JsonNode old) {
    if (!spec.has("priority") && old.has("priority")) {
      spec.set("priority", old.get("priority"));
    }
    if (!spec.has("preemptionPolicy") && old.has("preemptionPolicy")) {
      spec.set("preemptionPolicy", old.get("preemptionPolicy"));
    }
  }

  /// The default class; the lowest, should there be more.
  private @Nullable ObjectNode usual() {
    @Nullable ObjectNode usual = null;
    for (ObjectNode each : objects.list(VERSION, "priorityclasses", "")) {
      boolean lower = usual == null || each.path("value").asInt() < usual.path("value").asInt();
      if (each.path("globalDefault").asBoolean() && lower) {
        usual = each;
      }
    }
    return usual;
  }

  private void choose(Write write, ObjectNode spec) {
    String name = spec.path("priorityClassName").asText("");
    @Nullable ObjectNode chosen;
    if (name.isEmpty()) {
      chosen = usual();
      if (chosen != null) {
        spec.set("priorityClassName", chosen.path("metadata").path("name"));
      }
    } else {
      chosen = objects.read(VERSION, "priorityclasses", "", name);
      if (chosen == null) {
        throw ApiException.forbidden(
            write.type(), write.name(), "no PriorityClass with name " + name + " was found");
      }
    }
    int priority = chosen == null ? 0 : chosen.path("value").asInt();
    String policy =
        chosen == null
            ? "PreemptLowerPriority"
            : chosen.path("preemptionPolicy").asText("PreemptLowerPriority");
    computed(write, spec, "priority", "integer value of priority", String.valueOf(priority));
    computed(write, spec, "preemptionPolicy", "string value of PreemptionPolicy", policy);
    spec.put("priority", priority);
    spec.put("preemptionPolicy", policy);
  }

  /// Refuses a value that is not the one of the class.
  private static void computed(
      Write write, ObjectNode spec, String field, String called, String value) {
    if (spec.has(field) && !spec.path(field).asText().equals(value)) {
      throw ApiException.forbidden(
          write.type(),
          write.name(),
          "the %s (%s) must not be provided in pod spec; priority admission controller computed %s from the given PriorityClass name"
              .formatted(called, spec.path(field).asText(), value));
    }
  }
}
