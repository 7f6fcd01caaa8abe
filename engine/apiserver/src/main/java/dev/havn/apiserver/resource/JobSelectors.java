// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.ResourceType;

/// A Job finds its pods by its own uid, unless its user chooses a selector.
final class JobSelectors {
  private JobSelectors() {}

  /// Whether the labels of a Job's pods are its own, too: it has none itself.
  static boolean sharesLabels(ResourceType type, ObjectNode job) {
    return hasNone(type, job) && template(job).path("labels").isObject();
  }

  private static boolean hasNone(ResourceType type, ObjectNode job) {
    return type.builtinKind().equals("Job") && job.path("metadata").path("labels").isEmpty();
  }

  /// When a Job is stored, those that were only generated become its own, too: nobody has judged
  /// them as such.
  static void settle(ResourceType type, ObjectNode job) {
    if (hasNone(type, job) && !template(job).path("labels").isEmpty()) {
      share(job);
    }
  }

  /// Gives a Job the labels of its pods, those included that were generated.
  static void share(ObjectNode job) {
    job.withObjectProperty("metadata").set("labels", template(job).path("labels").deepCopy());
  }

  private static JsonNode template(ObjectNode job) {
    return job.path("spec").path("template").path("metadata");
  }

  static void generate(ObjectNode job) {
    ObjectNode spec = job.withObjectProperty("spec");
    if (spec.path("manualSelector").asBoolean()) {
      return;
    }
    String uid = job.path("metadata").path("uid").asText();
    String name = job.path("metadata").path("name").asText();
    ObjectNode labels =
        spec.withObjectProperty("template")
            .withObjectProperty("metadata")
            .withObjectProperty("labels");
    add(labels, "job-name", name);
    add(labels, "batch.kubernetes.io/job-name", name);
    add(labels, "controller-uid", uid);
    add(labels, "batch.kubernetes.io/controller-uid", uid);
    add(
        spec.withObjectProperty("selector").withObjectProperty("matchLabels"),
        "batch.kubernetes.io/controller-uid",
        uid);
  }

  private static void add(ObjectNode labels, String key, String value) {
    if (!labels.has(key)) {
      labels.put(key, value);
    }
  }
}
