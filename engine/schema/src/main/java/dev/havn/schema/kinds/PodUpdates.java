// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What of a pod's spec may change. While gates hold it back from being scheduled, where it may run
/// can be narrowed.
final class PodUpdates {
  private static final List<String> CONTAINERS = List.of("containers", "initContainers");

  private PodUpdates() {}

  static void check(At after, ObjectNode before) {
    At spec = after.at("spec");
    JsonNode was = before.path("spec");
    for (String list : CONTAINERS) {
      if (was.path(list).size() != spec.at(list).value().size()) {
        spec.at(list).forbidden("pod updates may not add or remove containers");
        return;
      }
      spec.at(list).items().forEach(PodUpdates::image);
    }
    if (!deadline(spec.at("activeDeadlineSeconds"), was.path("activeDeadlineSeconds"))) {
      return;
    }
    tolerations(spec.at("tolerations"), was.path("tolerations"));
    gates(spec.at("schedulingGates"), was.path("schedulingGates"));
    rest(spec, was);
  }

  private static void image(At container) {
    At image = container.at("image");
    if (image.isEmpty()) {
      image.required("");
    } else if (!image.text().strip().equals(image.text())) {
      image.invalidText("must not have leading or trailing whitespace");
    }
  }

  /// Whether there is more to look at.
  private static boolean deadline(At now, JsonNode was) {
    if (!now.isThere()) {
      if (was.isNumber()) {
        now.invalid("must not update from a positive integer to nil value");
      }
      return true;
    }
    if (now.number() < 0 || now.number() > Integer.MAX_VALUE) {
      now.between(0, Integer.MAX_VALUE);
      return false;
    }
    if (was.isNumber() && was.asLong() < now.number()) {
      now.invalid("must be less than or equal to previous value");
      return false;
    }
    return true;
  }

  private static void tolerations(At now, JsonNode was) {
    for (JsonNode old : was) {
      boolean kept = false;
      for (At each : now.items()) {
        kept |= untimed(each.value()).equals(untimed(old));
      }
      if (!kept) {
        now.forbidden("existing toleration can not be modified except its tolerationSeconds");
        return;
      }
    }
    SchedulingRules.tolerations(now);
  }

  private static JsonNode untimed(JsonNode toleration) {
    JsonNode copy = toleration.deepCopy();
    return copy instanceof ObjectNode object ? object.without("tolerationSeconds") : copy;
  }

  private static void gates(At now, JsonNode was) {
    Set<String> old = new HashSet<>();
    was.forEach(each -> old.add(each.path("name").asText()));
    for (At gate : now.items()) {
      At name = gate.at("name");
      if (!old.contains(name.text())) {
        name.forbidden(
            "only deletion is allowed, but found new scheduling gate '%s'".formatted(name.text()));
      }
    }
  }

  private static void rest(At spec, JsonNode was) {
    if (spec.value().equals(was) || !(spec.value().deepCopy() instanceof ObjectNode allowed)) {
      return;
    }
    for (String list : CONTAINERS) {
      if (allowed.get(list) instanceof ArrayNode containers) {
        for (int i = 0; i < containers.size(); i++) {
          keep((ObjectNode) containers.get(i), "image", was.path(list).get(i));
        }
      }
    }
    for (String field : List.of("activeDeadlineSeconds", "schedulingGates", "tolerations")) {
      keep(allowed, field, was);
    }
    long grace = was.path("terminationGracePeriodSeconds").asLong(0);
    if (grace < 0 && allowed.path("terminationGracePeriodSeconds").asLong(0) == 1) {
      keep(allowed, "terminationGracePeriodSeconds", was);
    }
    if (!was.path("schedulingGates").isEmpty()) {
      selector(spec.at("nodeSelector"), was.path("nodeSelector"));
      keep(allowed, "nodeSelector", was);
      affinity(spec, was, allowed);
    }
    if (!allowed.equals(was)) {
      spec.forbidden(
          "pod updates may not change fields other than `spec.containers[*].image`,"
              + "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,"
              + "`spec.tolerations` (only additions to existing tolerations),"
              + "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was"
              + " previously negative)");
    }
  }

  private static void keep(ObjectNode object, String field, JsonNode was) {
    @Nullable JsonNode value = was.get(field);
    if (value == null) {
      object.remove(field);
    } else {
      object.set(field, value);
    }
  }

  private static void selector(At now, JsonNode was) {
    for (Map.Entry<String, JsonNode> each : was.properties()) {
      if (!each.getValue().equals(now.value().get(each.getKey()))) {
        now.invalid("only additions to spec.nodeSelector are allowed (no mutations or deletions)");
        return;
      }
    }
  }

  private static void affinity(At spec, JsonNode was, ObjectNode allowed) {
    At nodes = spec.at("affinity").at("nodeAffinity");
    JsonNode old = was.path("affinity").path("nodeAffinity");
    if (nodes.value().equals(old)) {
      return;
    }
    terms(
        nodes.at("requiredDuringSchedulingIgnoredDuringExecution").at("nodeSelectorTerms"),
        old.path("requiredDuringSchedulingIgnoredDuringExecution").path("nodeSelectorTerms"));
    ObjectNode affinity = allowed.withObjectProperty("affinity");
    keep(affinity, "nodeAffinity", was.path("affinity"));
    if (affinity.isEmpty() && !was.has("affinity")) {
      allowed.remove("affinity");
    }
  }

  private static void terms(At now, JsonNode was) {
    if (was.isEmpty()) {
      return;
    }
    if (was.size() != now.value().size()) {
      now.invalid("no additions/deletions to non-empty NodeSelectorTerms list are allowed");
      return;
    }
    List<At> terms = new ArrayList<>(now.items());
    for (int i = 0; i < was.size(); i++) {
      JsonNode term = terms.get(i).value();
      boolean grown = true;
      int old = 0;
      for (String field : List.of("matchExpressions", "matchFields")) {
        old += was.get(i).path(field).size();
        grown &= begins(term.path(field), was.get(i).path(field));
      }
      boolean filled =
          old == 0 && term.path("matchExpressions").size() + term.path("matchFields").size() > 0;
      if (!grown || filled) {
        terms.get(i).invalid("only additions are allowed (no mutations or deletions)");
      }
    }
  }

  private static boolean begins(JsonNode list, JsonNode start) {
    for (int i = 0; i < start.size(); i++) {
      if (!start.get(i).equals(list.get(i))) {
        return false;
      }
    }
    return true;
  }
}
