// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.ResourceType;
import dev.havn.schema.validate.Times;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// Evicts pods. An evicted pod says so before its end: whoever made the pod (a Job, say) tells by
/// it an end that was asked for from one that is the pod's own.
final class Evictions {
  private static final String TARGET = "DisruptionTarget";

  private final Objects objects;
  private final Deletes deletes;

  Evictions(Objects objects, Deletes deletes) {
    this.objects = objects;
    this.deletes = deletes;
  }

  /// Deletes the pod if its budget allows it.
  ///
  /// @param eviction what was posted
  void evict(Call call, ObjectNode pod, ObjectNode eviction, Instant now) {
    ObjectNode options =
        eviction.get("deleteOptions") instanceof ObjectNode given ? given : pod.objectNode();
    boolean dry = Deletes.isDry(call, options);
    DisruptionBudgets.take(objects, pod, now, dry);
    if (!dry) {
      mark(call, options, now);
    }
    deletes.delete(call, options);
  }

  /// Marks the pod before it is deleted.
  ///
  /// @param options of the delete that follows; a revision that they ask for becomes that of the
  ///   marked pod
  /// @throws ApiException when the pod is not the one that the options ask for
  private void mark(Call call, ObjectNode options, Instant now) {
    ResourceType type = call.type();
    for (int attempt = 1; attempt <= Writes.ATTEMPTS_MAX; attempt++) {
      @Nullable StoredObject found = objects.find(type, call.namespace(), call.name());
      if (found == null) {
        throw ApiException.notFound(type, call.name());
      }
      ObjectNode pod = found.toTree();
      check(call.name(), pod.path("metadata"), options.path("preconditions"));
      if (!isMarked(pod, now)) {
        @Nullable StoredObject done =
            objects.put(type, found.entry().key(), pod, found.entry().revision());
        if (done == null) {
          continue;
        }
        pod = done.toTree();
      }
      if (options.get("preconditions") instanceof ObjectNode wanted
          && !wanted.path("resourceVersion").asText("").isEmpty()) {
        wanted.set("resourceVersion", pod.path("metadata").path("resourceVersion"));
      }
      return;
    }
    throw ApiException.modified(type, call.name());
  }

  private static void check(String name, JsonNode metadata, JsonNode wanted) {
    check(name, "UID", metadata.path("uid"), wanted.path("uid"), "deleted and then recreated");
    check(
        name,
        "ResourceVersion",
        metadata.path("resourceVersion"),
        wanted.path("resourceVersion"),
        "modified");
  }

  private static void check(
      String name, String what, JsonNode actual, JsonNode wanted, String since) {
    String asked = wanted.asText("");
    if (!asked.isEmpty() && !asked.equals(actual.asText())) {
      throw ApiException.conflict(
          "",
          "Pod",
          name,
          "the %s in the precondition (%s) does not match the %s in record (%s). The object might have been %s"
              .formatted(what, asked, what, actual.asText(), since));
    }
  }

  /// Whether the pod has said so before; if not, it does now.
  private static boolean isMarked(ObjectNode pod, Instant now) {
    ArrayNode conditions = pod.withObjectProperty("status").withArrayProperty("conditions");
    @Nullable ObjectNode condition = null;
    for (JsonNode each : conditions) {
      if (each.path("type").asText().equals(TARGET)) {
        condition = (ObjectNode) each;
      }
    }
    if (condition == null) {
      condition = conditions.addObject().put("type", TARGET);
    }
    JsonNode before = condition.deepCopy();
    boolean turned = !condition.path("status").asText().equals("True");
    condition.put("status", "True").putNull("lastProbeTime");
    if (turned) {
      condition.put("lastTransitionTime", Times.seconds(now));
    }
    condition.put("reason", "EvictionByEvictionAPI").put("message", "Eviction API: evicting");
    return condition.equals(before);
  }
}
