// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.Schema;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// Fills in what a user left out, as Kubernetes does before it admits an object. What depends on
/// nothing else is data ([FieldDefaults]); here stands what depends on other fields.
public final class Defaults {
  private static final String RBAC = "rbac.authorization.k8s.io";

  private Defaults() {}

  /// Changes `object` in place.
  public static void apply(String kind, ObjectNode object, Schema.Struct type) {
    if (kind.equals("StatefulSet") && object.get("spec") instanceof ObjectNode spec) {
      strategy(spec);
    }
    FieldDefaults.apply(object, type);
    PodDefaults.below(object, type);
    switch (kind) {
      case "Secret" -> foldStringData(object);
      case "RoleBinding", "ClusterRoleBinding" -> binding(object);
      case "Namespace" -> namespace(object);
      case "Node" -> node(object);
      default -> {
        if (object.get("spec") instanceof ObjectNode spec) {
          ofSpec(kind, object, spec);
        }
      }
    }
  }

  private static void ofSpec(String kind, ObjectNode object, ObjectNode spec) {
    switch (kind) {
      case "Pod" -> PodDefaults.ofPod(spec);
      case "ReplicationController" -> replicationController(object, spec);
      case "Deployment" -> deployment(spec);
      case "StatefulSet" -> statefulSet(spec);
      case "DaemonSet" -> daemonSet(object, spec);
      case "Job" -> job(object, spec);
      case "Service" -> ServiceDefaults.apply(object, spec);
      case "PersistentVolume" -> {
        set(spec, "persistentVolumeReclaimPolicy", "Retain");
        if (!spec.hasNonNull("volumeMode")) {
          spec.put("volumeMode", "Filesystem");
        }
      }
      case "NetworkPolicy" -> networkPolicy(spec);
      case "HorizontalPodAutoscaler" -> AutoscalerDefaults.apply(object, spec);
      case "LimitRange" -> spec.path("limits").forEach(Defaults::limits);
      case "ResourceClaim" -> {
        devices(spec);
        object
            .path("status")
            .path("allocation")
            .path("devices")
            .path("results")
            .forEach(Defaults::tolerations);
      }
      case "ResourceClaimTemplate" -> devices(spec.path("spec"));
      case "CustomResourceDefinition" -> customResourceDefinition(object, spec);
      default -> {}
    }
  }

  /// What is written in plain is part of the data from the moment it is read.
  private static void foldStringData(ObjectNode secret) {
    if (secret.remove("stringData") instanceof ObjectNode plain && !plain.isEmpty()) {
      ObjectNode data = secret.withObjectProperty("data");
      for (Map.Entry<String, JsonNode> each : plain.properties()) {
        byte[] bytes = each.getValue().asText().getBytes(StandardCharsets.UTF_8);
        data.put(each.getKey(), Base64.getEncoder().encodeToString(bytes));
      }
    }
  }

  private static void binding(ObjectNode object) {
    for (JsonNode each : object.path("subjects")) {
      String kind = each.path("kind").asText();
      if (each instanceof ObjectNode subject && List.of("User", "Group").contains(kind)) {
        set(subject, "apiGroup", RBAC);
      }
    }
  }

  private static void namespace(ObjectNode object) {
    String name = object.path("metadata").path("name").asText("");
    if (!name.isEmpty() && object.get("metadata") instanceof ObjectNode metadata) {
      metadata.withObjectProperty("labels").put("kubernetes.io/metadata.name", name);
    }
  }

  private static void node(ObjectNode object) {
    if (object.get("spec") instanceof ObjectNode spec) {
      NodeRules.fill(spec);
    }
    if (object.get("status") instanceof ObjectNode status
        && !status.has("allocatable")
        && status.has("capacity")) {
      status.set("allocatable", status.get("capacity").deepCopy());
    }
  }

  private static void replicationController(ObjectNode object, ObjectNode spec) {
    JsonNode labels = spec.path("template").path("metadata").path("labels");
    if (labels.isObject() && !labels.isEmpty()) {
      if (spec.path("selector").isEmpty()) {
        spec.set("selector", labels.deepCopy());
      }
    }
    labelLikeTemplate(object, spec);
  }

  private static void labelLikeTemplate(ObjectNode object, ObjectNode spec) {
    JsonNode labels = spec.path("template").path("metadata").path("labels");
    if (!labels.isEmpty()
        && object.path("metadata").path("labels").isEmpty()
        && object.get("metadata") instanceof ObjectNode metadata) {
      metadata.set("labels", labels.deepCopy());
    }
  }

  private static void deployment(ObjectNode spec) {
    if (spec.get("strategy") instanceof ObjectNode strategy && isRolling(strategy)) {
      ObjectNode rolling = strategy.withObjectProperty("rollingUpdate");
      set(rolling, "maxUnavailable", "25%");
      set(rolling, "maxSurge", "25%");
    }
  }

  private static boolean isRolling(ObjectNode strategy) {
    return strategy.path("type").asText().equals("RollingUpdate");
  }

  /// Who names the strategy gets no settings for it, who names none does.
  private static void strategy(ObjectNode spec) {
    ObjectNode strategy = spec.withObjectProperty("updateStrategy");
    if (strategy.path("type").asText("").isEmpty()) {
      strategy.put("type", "RollingUpdate").withObjectProperty("rollingUpdate");
    }
  }

  private static void statefulSet(ObjectNode spec) {
    if (spec.get("updateStrategy") instanceof ObjectNode strategy
        && isRolling(strategy)
        && strategy.get("rollingUpdate") instanceof ObjectNode rolling) {
      set(rolling, "partition", 0);
    }
    for (JsonNode each : spec.path("volumeClaimTemplates")) {
      if (each instanceof ObjectNode claim) {
        claim.put("apiVersion", "v1").put("kind", "PersistentVolumeClaim");
      }
    }
  }

  private static void daemonSet(ObjectNode object, ObjectNode spec) {
    ObjectNode annotations =
        object.withObjectProperty("metadata").withObjectProperty("annotations");
    set(annotations, "deprecated.daemonset.template.generation", "0");
    if (spec.get("updateStrategy") instanceof ObjectNode strategy) {
      boolean rolls = isRolling(strategy);
      if (rolls || strategy.path("rollingUpdate").isObject()) {
        ObjectNode rolling = strategy.withObjectProperty("rollingUpdate");
        set(rolling, "maxUnavailable", rolls ? 1 : 0);
        set(rolling, "maxSurge", 0);
      }
    }
  }

  private static void job(ObjectNode object, ObjectNode spec) {
    labelLikeTemplate(object, spec);
    boolean neither = !spec.has("completions") && !spec.has("parallelism");
    if (neither) {
      spec.put("completions", 1);
    }
    set(spec, "parallelism", 1);
    set(spec, "backoffLimit", spec.has("backoffLimitPerIndex") ? Integer.MAX_VALUE : 6);
    set(spec, "completionMode", "NonIndexed");
    set(spec, "suspend", false);
    set(spec, "manualSelector", false);
    set(
        spec,
        "podReplacementPolicy",
        spec.has("podFailurePolicy") ? "Failed" : "TerminatingOrFailed");
  }

  private static void networkPolicy(ObjectNode spec) {
    if (spec.path("policyTypes").isEmpty()) {
      ArrayNode types = spec.putArray("policyTypes").add("Ingress");
      if (!spec.path("egress").isEmpty()) {
        types.add("Egress");
      }
    }
  }

  private static void limits(JsonNode item) {
    if (!item.path("type").asText().equals("Container")
        || !(item instanceof ObjectNode container)) {
      return;
    }
    ObjectNode limit = container.withObjectProperty("default");
    ObjectNode request = container.withObjectProperty("defaultRequest");
    fill(limit, item.path("max"));
    fill(request, limit);
    fill(request, item.path("min"));
    for (String field : List.of("default", "defaultRequest")) {
      if (container.path(field).isEmpty()) {
        container.remove(field);
      }
    }
  }

  private static void fill(ObjectNode target, JsonNode source) {
    for (Map.Entry<String, JsonNode> each : source.properties()) {
      if (!target.has(each.getKey())) {
        target.set(each.getKey(), each.getValue());
      }
    }
  }

  private static void devices(JsonNode spec) {
    for (JsonNode request : spec.path("devices").path("requests")) {
      count(request.path("exactly"));
      request.path("firstAvailable").forEach(Defaults::count);
    }
  }

  private static void count(JsonNode request) {
    if (request instanceof ObjectNode object
        && object.path("allocationMode").asText().equals("ExactCount")) {
      set(object, "count", 1);
    }
    tolerations(request);
  }

  private static void tolerations(JsonNode holder) {
    for (JsonNode each : holder.path("tolerations")) {
      if (each instanceof ObjectNode toleration) {
        set(toleration, "operator", "Equal");
      }
    }
  }

  private static void customResourceDefinition(ObjectNode object, ObjectNode spec) {
    if (spec.get("names") instanceof ObjectNode names) {
      String kind = names.path("kind").asText("");
      set(names, "singular", kind.toLowerCase(Locale.ROOT));
      if (!kind.isEmpty()) {
        set(names, "listKind", kind + "List");
      }
    }
    if (object.get("status") instanceof ObjectNode status
        && status.path("storedVersions").isEmpty()) {
      for (JsonNode version : spec.path("versions")) {
        if (version.path("storage").asBoolean()) {
          status.putArray("storedVersions").add(version.path("name").asText());
          return;
        }
      }
    }
  }

  static void set(ObjectNode object, String field, String value) {
    if (!object.hasNonNull(field) || object.get(field).asText("x").isEmpty() && !value.isEmpty()) {
      object.put(field, value);
    }
  }

  static void set(ObjectNode object, String field, int value) {
    if (!object.hasNonNull(field)) {
      object.put(field, value);
    }
  }

  static void set(ObjectNode object, String field, boolean value) {
    if (!object.hasNonNull(field)) {
      object.put(field, value);
    }
  }
}
