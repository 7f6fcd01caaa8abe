// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.authorization;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Brings a default role or binding that is there already up to what this version expects: what is
/// missing is added, what somebody added stays. The annotation
/// `rbac.authorization.kubernetes.io/autoupdate: "false"` keeps an object as it is.
public final class RoleUpdates {
  private static final String AUTOUPDATE = "rbac.authorization.kubernetes.io/autoupdate";

  private RoleUpdates() {}

  /// The object to write, or empty when nothing is missing.
  public static Optional<ObjectNode> of(ObjectNode present, ObjectNode expected) {
    if (present.path("metadata").path("annotations").path(AUTOUPDATE).asText().equals("false")) {
      return Optional.empty();
    }
    ObjectNode updated = present.deepCopy();
    for (String field : List.of("labels", "annotations")) {
      for (Map.Entry<String, JsonNode> each : expected.path("metadata").path(field).properties()) {
        ObjectNode all = updated.withObjectProperty("metadata").withObjectProperty(field);
        if (!all.has(each.getKey())) {
          all.set(each.getKey(), each.getValue());
        }
      }
    }
    if (expected.has("roleRef")) {
      addMissing(updated, "subjects", expected.path("subjects"));
    } else if (expected.has("aggregationRule")) {
      addMissing(
          updated.withObjectProperty("aggregationRule"),
          "clusterRoleSelectors",
          expected.path("aggregationRule").path("clusterRoleSelectors"));
    } else {
      addRules(updated, expected);
    }
    return updated.equals(present) ? Optional.empty() : Optional.of(updated);
  }

  private static void addMissing(ObjectNode object, String field, JsonNode expected) {
    List<JsonNode> present = new ArrayList<>();
    object.path(field).forEach(present::add);
    for (JsonNode each : expected) {
      if (!present.contains(each)) {
        object.withArrayProperty(field).add(each);
      }
    }
  }

  private static void addRules(ObjectNode updated, ObjectNode expected) {
    if (updated.path("rules").equals(expected.path("rules"))) {
      return;
    }
    ArrayNode rules = updated.withArrayProperty("rules");
    for (Rbac.Rule missing : Coverage.missing(Rbac.rules(updated), Rbac.rules(expected))) {
      ObjectNode rule = rules.addObject();
      add(rule, "apiGroups", missing.groups());
      add(rule, "nonResourceURLs", missing.paths());
      add(rule, "resourceNames", missing.names());
      add(rule, "resources", missing.resources());
      add(rule, "verbs", missing.verbs());
    }
  }

  private static void add(ObjectNode rule, String field, Iterable<String> values) {
    if (values.iterator().hasNext()) {
      values.forEach(rule.putArray(field)::add);
    }
  }
}
