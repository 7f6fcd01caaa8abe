// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The pod template of a changed Job. It stays what it was; only where its pods run, and with what
/// resources, may change while the Job is suspended and none of its pods run.
final class JobTemplates {
  private JobTemplates() {}

  static void changed(At after, ObjectNode before) {
    At template = after.at("spec").at("template");
    JsonNode was = before.path("spec").path("template");
    boolean suspended = before.path("spec").path("suspend").asBoolean();
    if (!suspended) {
      template.same(was);
      return;
    }
    JsonNode now = template.value();
    ObjectNode allowed = was.isObject() ? was.deepCopy() : before.objectNode();
    if (hasNoPods(before.path("status"))) {
      schedulingOf(allowed, now);
      resourcesOf(allowed, now);
      template.at("spec").named(template.path() + ".spec").same(allowed.get("spec"));
    } else {
      template.same(was);
    }
  }

  private static boolean hasNoPods(JsonNode status) {
    boolean condition = false;
    for (JsonNode each : status.path("conditions")) {
      condition |=
          each.path("type").asText().equals("Suspended")
              && each.path("status").asText().equals("True");
    }
    return (!status.has("startTime") || condition) && status.path("active").asInt() == 0;
  }

  private static void schedulingOf(ObjectNode allowed, JsonNode now) {
    ObjectNode spec = allowed.withObjectProperty("spec");
    for (String field : List.of("nodeSelector", "tolerations", "schedulingGates")) {
      copy(spec, field, now.path("spec").get(field));
    }
    @Nullable JsonNode nodes = now.path("spec").path("affinity").get("nodeAffinity");
    if (nodes != null) {
      spec.withObjectProperty("affinity").set("nodeAffinity", nodes);
    } else if (spec.get("affinity") instanceof ObjectNode affinity) {
      affinity.remove("nodeAffinity");
      if (affinity.isEmpty() && !now.path("spec").has("affinity")) {
        spec.remove("affinity");
      }
    }
  }

  private static void resourcesOf(ObjectNode allowed, JsonNode now) {
    for (String list : List.of("containers", "initContainers")) {
      JsonNode given = now.path("spec").path(list);
      if (allowed.path("spec").get(list) instanceof ArrayNode old && old.size() == given.size()) {
        for (int i = 0; i < old.size(); i++) {
          if (old.get(i) instanceof ObjectNode container
              && container.path("name").equals(given.get(i).path("name"))) {
            copy(container, "resources", given.get(i).get("resources"));
          }
        }
      }
    }
  }

  private static void copy(ObjectNode target, String field, @Nullable JsonNode value) {
    if (value == null) {
      target.remove(field);
    } else {
      target.set(field, value);
    }
  }
}
