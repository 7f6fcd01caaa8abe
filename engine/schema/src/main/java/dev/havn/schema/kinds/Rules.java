// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.Schema;
import dev.havn.schema.select.LabelSelector;
import dev.havn.schema.validate.FieldError;
import dev.havn.schema.validate.Names;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What an object must satisfy to be stored.
public final class Rules {
  private static final int DATA_BYTES_MAX = 1 << 20;

  private Rules() {}

  /// Errors of a new object.
  public static List<FieldError> onCreate(String kind, ObjectNode object, Schema.Struct type) {
    List<FieldError> errors = new ArrayList<>(Names.metadataErrors(kind, object.path("metadata")));
    errors.addAll(ofKind(kind, object));
    if (errors.isEmpty()) {
      StructureRules.check(object, type, errors);
    }
    return errors;
  }

  /// Errors of a changed object.
  public static List<FieldError> onUpdate(
      String kind, ObjectNode before, ObjectNode after, Schema.Struct type) {
    List<FieldError> errors = new ArrayList<>(Names.metadataErrors(kind, after.path("metadata")));
    errors.addAll(Immutability.check(kind, before, after));
    if (!after.path("metadata").has("deletionTimestamp")) {
      errors.addAll(ofKind(kind, after));
      if (errors.isEmpty()) {
        StructureRules.check(after, type, errors);
      }
    }
    return errors;
  }

  private static List<FieldError> ofKind(String kind, ObjectNode object) {
    List<FieldError> errors = new ArrayList<>();
    JsonNode spec = object.path("spec");
    switch (kind) {
      case "Pod" -> PodRules.check(spec, "spec", errors);
      case "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet" -> workload(kind, spec, errors);
      case "ReplicationController" -> replicationController(spec, errors);
      case "Job" -> PodRules.checkTemplate(spec.path("template"), "spec.template", errors);
      case "Service" -> ServiceRules.check(spec, errors);
      case "ConfigMap" -> data(object, errors);
      case "Secret" -> data(object, errors);
      default -> {}
    }
    return errors;
  }

  private static void workload(String kind, JsonNode spec, List<FieldError> errors) {
    nonNegative(spec, "replicas", "spec.replicas", errors);
    JsonNode selector = spec.path("selector");
    if (selector.isMissingNode()) {
      errors.add(FieldError.required("spec.selector", ""));
    } else if (selector.isEmpty()) {
      errors.add(
          FieldError.invalid(
              "spec.selector", selector, "empty selector is invalid for " + word(kind)));
    }
    JsonNode labels = spec.path("template").path("metadata").path("labels");
    if (!selector.isMissingNode() && !Selectors.matches(selector, labels)) {
      errors.add(
          FieldError.invalid(
              "spec.template.metadata.labels",
              labels.isMissingNode() ? object() : labels,
              "`selector` does not match template `labels`"));
    }
    PodRules.checkTemplate(spec.path("template"), "spec.template", errors);
    String policy = spec.path("template").path("spec").path("restartPolicy").asText("Always");
    if (!policy.equals("Always")) {
      errors.add(
          FieldError.notSupported("spec.template.spec.restartPolicy", policy, List.of("Always")));
    }
  }

  private static JsonNode object() {
    return com.fasterxml.jackson.databind.node.JsonNodeFactory.instance.objectNode();
  }

  private static String word(String kind) {
    return kind.toLowerCase(java.util.Locale.ROOT);
  }

  private static void replicationController(JsonNode spec, List<FieldError> errors) {
    nonNegative(spec, "replicas", "spec.replicas", errors);
    if (spec.path("selector").isEmpty()) {
      errors.add(FieldError.required("spec.selector", ""));
    }
    if (spec.path("template").isMissingNode()) {
      errors.add(FieldError.required("spec.template", ""));
      return;
    }
    Map<String, String> labels = labels(spec.path("template").path("metadata").path("labels"));
    boolean matches =
        labels(spec.path("selector")).entrySet().stream()
            .allMatch(each -> each.getValue().equals(labels.get(each.getKey())));
    if (!matches) {
      errors.add(
          FieldError.invalid(
              "spec.template.metadata.labels",
              spec.path("template").path("metadata").path("labels"),
              "`selector` does not match template `labels`"));
    }
    PodRules.checkTemplate(spec.path("template"), "spec.template", errors);
  }

  private static void data(ObjectNode object, List<FieldError> errors) {
    long bytes = 0;
    for (String field : List.of("data", "binaryData")) {
      for (Map.Entry<String, JsonNode> each : object.path(field).properties()) {
        String key = each.getKey();
        String at = field + "[" + key + "]";
        if (!key.matches("[-._a-zA-Z0-9]+")) {
          errors.add(
              FieldError.invalid(
                  at,
                  key,
                  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g."
                      + " 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is"
                      + " '[-._a-zA-Z0-9]+')"));
        }
        bytes += each.getValue().asText().length();
      }
    }
    if (bytes > DATA_BYTES_MAX) {
      errors.add(
          new FieldError(
              FieldError.Type.TOO_LONG,
              "",
              null,
              "may not be more than " + DATA_BYTES_MAX + " bytes"));
    }
  }

  static void nonNegative(JsonNode owner, String field, String path, List<FieldError> errors) {
    @Nullable JsonNode value = owner.get(field);
    if (value != null && value.asLong() < 0) {
      errors.add(FieldError.invalid(path, value, "must be greater than or equal to 0"));
    }
  }

  static Map<String, String> labels(JsonNode node) {
    Map<String, String> labels = new HashMap<>();
    node.properties().forEach(each -> labels.put(each.getKey(), each.getValue().asText()));
    return labels;
  }

  /// Selector objects.
  static final class Selectors {
    private Selectors() {}

    static boolean matches(JsonNode selector, JsonNode labels) {
      List<LabelSelector.Requirement> requirements = new ArrayList<>();
      selector
          .path("matchLabels")
          .properties()
          .forEach(
              each ->
                  requirements.add(
                      new LabelSelector.Requirement(
                          each.getKey(),
                          LabelSelector.Operator.IN,
                          List.of(each.getValue().asText()))));
      for (JsonNode each : selector.path("matchExpressions")) {
        List<String> values = new ArrayList<>();
        each.path("values").forEach(value -> values.add(value.asText()));
        requirements.add(
            new LabelSelector.Requirement(
                each.path("key").asText(), operator(each.path("operator").asText()), values));
      }
      return new LabelSelector(requirements).matches(labels(labels));
    }

    private static LabelSelector.Operator operator(String name) {
      return switch (name) {
        case "In" -> LabelSelector.Operator.IN;
        case "NotIn" -> LabelSelector.Operator.NOT_IN;
        case "DoesNotExist" -> LabelSelector.Operator.ABSENT;
        default -> LabelSelector.Operator.EXISTS;
      };
    }
  }
}
