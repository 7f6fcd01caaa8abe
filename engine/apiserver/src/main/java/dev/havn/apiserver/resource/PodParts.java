// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.kinds.EphemeralRules;
import dev.havn.schema.validate.FieldError;
import dev.havn.schema.validate.Quantity;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What may be changed through `pods/resize` and `pods/ephemeralcontainers`: that part alone.
final class PodParts {
  static final String RESIZE = "resize";
  static final String EPHEMERAL_CONTAINERS = "ephemeralcontainers";

  private static final String EPHEMERAL = "ephemeralContainers";
  private static final String MIRROR = "kubernetes.io/config.mirror";
  private static final List<String> LISTS = List.of("initContainers", "containers");
  private static final Set<String> RESIZABLE = Set.of("cpu", "memory");

  private PodParts() {}

  /// Whether only a part of the pod is written.
  static boolean isOne(String subresource) {
    return subresource.equals(RESIZE) || subresource.equals(EPHEMERAL_CONTAINERS);
  }

  /// The pod as it was, with this part as wanted.
  static ObjectNode only(String subresource, ObjectNode before, ObjectNode wanted) {
    ObjectNode after = before.deepCopy();
    ObjectNode spec = after.withObjectProperty("spec");
    if (subresource.equals(EPHEMERAL_CONTAINERS)) {
      spec.remove(EPHEMERAL);
      if (wanted.path("spec").has(EPHEMERAL)) {
        spec.set(EPHEMERAL, wanted.path("spec").get(EPHEMERAL).deepCopy());
      }
      return after;
    }
    take("resources", wanted.path("spec"), spec);
    for (String list : LISTS) {
      Map<String, JsonNode> byName = byName(wanted.path("spec").path(list));
      for (JsonNode each : spec.path(list)) {
        @Nullable JsonNode container = byName.get(each.path("name").asText());
        if (container != null && each instanceof ObjectNode own) {
          take("resources", container, own);
          take("resizePolicy", container, own);
        }
      }
    }
    return after;
  }

  private static void take(String field, JsonNode from, ObjectNode to) {
    to.remove(field);
    if (from.has(field)) {
      to.set(field, from.get(field).deepCopy());
    }
  }

  private static Map<String, JsonNode> byName(JsonNode containers) {
    Map<String, JsonNode> byName = new LinkedHashMap<>();
    containers.forEach(each -> byName.put(each.path("name").asText(), each));
    return byName;
  }

  /// @param wanted what the client sent, `after` what comes of it
  static List<FieldError> check(
      String subresource, ObjectNode before, ObjectNode wanted, ObjectNode after) {
    List<FieldError> errors = new ArrayList<>();
    JsonNode old = before.path("spec");
    JsonNode now = after.path("spec");
    boolean isMirror = before.at("/metadata/annotations").has(MIRROR);
    if (subresource.equals(EPHEMERAL_CONTAINERS)) {
      if (isMirror) {
        return List.of(FieldError.forbidden("", "static pods do not support ephemeral containers"));
      }
      ephemeral(old.path(EPHEMERAL), now.path(EPHEMERAL), errors);
      errors.addAll(EphemeralRules.problems(after));
      return errors;
    }
    if (isMirror) {
      return List.of(FieldError.forbidden("", "static pods cannot be resized"));
    }
    if (old.at("/os/name").asText().equals("windows")) {
      return List.of(FieldError.forbidden("", "windows pods cannot be resized"));
    }
    if (wanted.path("spec").path("containers").isEmpty()) {
      errors.add(FieldError.required("spec.containers", ""));
    }
    if (!canResize(before.path("status"))) {
      errors.add(FieldError.forbidden("spec", "Pod running on node without support for resize"));
    }
    whole(old, now, errors);
    for (String list : LISTS) {
      Set<String> names = byName(old.path(list)).keySet();
      if (!names.equals(byName(wanted.path("spec").path(list)).keySet())) {
        errors.add(
            FieldError.forbidden(
                "spec." + list, "containers may not be added or removed on resize"));
      }
      for (int i = 0; i < now.path(list).size(); i++) {
        String at = "spec." + list + "[" + i + "]";
        resized(old.path(list).path(i), now.path(list).path(i), at, errors);
      }
    }
    String quality = Pods.qualityOfService(old);
    if (!quality.equals(Pods.qualityOfService(now))) {
      errors.add(
          FieldError.invalid(
              "spec", quality, "Pod QOS Class may not change as a result of resizing"));
    }
    return errors;
  }

  /// A node that can resize tells what its containers have; of one that runs none nothing is known.
  private static boolean canResize(JsonNode status) {
    for (JsonNode container : status.path("containerStatuses")) {
      if (container.path("state").has("running")) {
        return container.has("resources");
      }
    }
    return true;
  }

  /// What a pod asks for as a whole (KEP-5419).
  private static void whole(JsonNode old, JsonNode now, List<FieldError> errors) {
    String at = "spec.resources";
    JsonNode was = old.path("resources");
    JsonNode is = now.path("resources");
    if (!was.isMissingNode() && is.isMissingNode()) {
      errors.add(FieldError.forbidden(at, "pod-level resources cannot be removed"));
      return;
    }
    boolean others = false;
    for (String kind : List.of("requests", "limits")) {
      if (was.path(kind).propertyStream().anyMatch(each -> !is.path(kind).has(each.getKey()))) {
        errors.add(
            FieldError.forbidden(
                at + "." + kind, "pod-level resource " + kind + " cannot be removed"));
      }
      others |= !others(was.path(kind)).equals(others(is.path(kind)));
    }
    if (others) {
      errors.add(
          FieldError.forbidden("spec", "only cpu and memory resources are mutable at pod-level"));
    }
  }

  /// @param at where the container stands
  private static void resized(JsonNode old, JsonNode now, String at, List<FieldError> errors) {
    boolean isInit = at.startsWith("spec.init");
    for (String kind : List.of("limits", "requests")) {
      JsonNode had = old.path("resources").path(kind);
      JsonNode wants = now.path("resources").path(kind);
      for (String name : RESIZABLE) {
        if (had.has(name) && !wants.has(name)) {
          errors.add(
              FieldError.forbidden(
                  at + ".resources." + kind, "resource " + kind + " cannot be removed"));
        }
      }
      if (!others(had).equals(others(wants))) {
        errors.add(
            isInit
                ? FieldError.forbidden(
                    at, "only cpu and memory resources for init or sidecar containers are mutable")
                : FieldError.forbidden("spec", "only cpu and memory resources are mutable"));
      }
    }
    JsonNode before = old.path("resources");
    JsonNode after = now.path("resources");
    boolean changes = !before.equals(after) && !(before.isEmpty() && after.isEmpty());
    if (changes && isInit && !now.path("restartPolicy").asText().equals("Always")) {
      for (JsonNode policy : now.path("resizePolicy")) {
        if (policy.path("restartPolicy").asText().equals("RestartContainer")) {
          errors.add(
              FieldError.forbidden(
                  at,
                  "non-sidecar init containers with a resize policy of RestartContainer cannot be resized"));
        }
      }
    }
  }

  private static Map<String, BigDecimal> others(JsonNode amounts) {
    Map<String, BigDecimal> others = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> each : amounts.properties()) {
      if (!RESIZABLE.contains(each.getKey())) {
        BigDecimal amount = Quantity.parse(each.getValue().asText()).amount();
        others.put(each.getKey(), amount.stripTrailingZeros());
      }
    }
    return others;
  }

  private static void ephemeral(JsonNode old, JsonNode now, List<FieldError> errors) {
    Map<String, JsonNode> names = byName(now);
    for (JsonNode each : old) {
      String name = each.path("name").asText();
      @Nullable JsonNode known = names.get(name);
      if (known == null || !known.equals(each)) {
        errors.add(
            FieldError.forbidden(
                "spec." + EPHEMERAL,
                "existing ephemeral containers \"%s\" may not be %s%n"
                    .formatted(name, known == null ? "removed" : "changed")));
      }
    }
  }
}
