// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.ResourceType;
import java.time.Duration;
import java.util.Base64;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The strategies: what single kinds need when they are created, changed and read that no schema
/// says.
final class Kinds {
  /// Events end by themselves.
  static final Duration EVENT_TTL = Duration.ofHours(1);

  /// Kinds whose `metadata.generation` counts changes of their spec.
  private static final Set<String> WITH_GENERATION =
      Set.of(
          "Deployment",
          "ReplicaSet",
          "DaemonSet",
          "StatefulSet",
          "ReplicationController",
          "Job",
          "CronJob",
          "Pod",
          "Ingress",
          "NetworkPolicy",
          "PodDisruptionBudget",
          "CustomResourceDefinition",
          "ValidatingWebhookConfiguration",
          "MutatingWebhookConfiguration",
          "ValidatingAdmissionPolicy",
          "ValidatingAdmissionPolicyBinding",
          "FlowSchema",
          "PriorityLevelConfiguration",
          "ResourceClaim",
          "DeviceClass");

  /// Kinds whose answers show an empty status.
  private static final Set<String> WITH_EMPTY_STATUS =
      Set.of(
          "Deployment",
          "DaemonSet",
          "Job",
          "CronJob",
          "CertificateSigningRequest",
          "FlowSchema",
          "PriorityLevelConfiguration",
          "ResourceClaim");

  private Kinds() {}

  static boolean hasGeneration(ResourceType type) {
    return WITH_GENERATION.contains(type.kind());
  }

  static boolean hasStatus(ResourceType type) {
    return type.subresources().stream().anyMatch(each -> each.name().equals("status"));
  }

  static @Nullable Duration ttl(ResourceType type) {
    return type.kind().equals("Event") ? EVENT_TTL : null;
  }

  /// After defaulting, before admission: status reset, fields that the server sets.
  static void prepareCreate(ResourceType type, ObjectNode object) {
    if (hasStatus(type) && !type.kind().equals("Node")) {
      object.remove("status");
    }
    switch (type.kind()) {
      case "Pod" -> {
        ObjectNode status = object.putObject("status");
        status.put("phase", "Pending");
        status.put("qosClass", Pods.qualityOfService(object.path("spec")));
      }
      case "Namespace" -> {
        ObjectNode spec = object.withObjectProperty("spec");
        boolean has = false;
        for (JsonNode each : spec.path("finalizers")) {
          has |= each.asText().equals("kubernetes");
        }
        if (!has) {
          spec.withArrayProperty("finalizers").add("kubernetes");
        }
        object.putObject("status").put("phase", "Active");
      }
      case "Service" -> object.putObject("status").putObject("loadBalancer");
      case "Ingress" -> object.putObject("status").putObject("loadBalancer");
      case "ReplicaSet", "ReplicationController", "StatefulSet" ->
          object.putObject("status").put("replicas", 0);
      case "PersistentVolumeClaim", "PersistentVolume" ->
          object.putObject("status").put("phase", "Pending");
      case "PodDisruptionBudget" -> {
        ObjectNode status = object.putObject("status");
        status.put("disruptionsAllowed", 0).put("currentHealthy", 0);
        status.put("desiredHealthy", 0).put("expectedPods", 0);
      }
      case "Secret" -> foldStringData(object);
      default -> {
        if (WITH_EMPTY_STATUS.contains(type.kind())) {
          object.putObject("status");
        }
      }
    }
  }

  /// Before a changed object is compared with what stood there.
  static void prepareUpdate(ResourceType type, ObjectNode before, ObjectNode after) {
    switch (type.kind()) {
      case "Secret" -> foldStringData(after);
      case "Namespace" -> {
        if (before.has("spec")) {
          after.set("spec", before.get("spec").deepCopy());
        }
      }
      case "Service" -> keepAddresses(before, after);
      default -> {}
    }
  }

  /// A PUT that leaves out what the server chose keeps it.
  private static void keepAddresses(ObjectNode before, ObjectNode after) {
    if (!(after.get("spec") instanceof ObjectNode spec)) {
      return;
    }
    JsonNode old = before.path("spec");
    boolean external = spec.path("type").asText().equals("ExternalName");
    for (String field :
        java.util.List.of("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy")) {
      if (!external && !spec.hasNonNull(field) && old.hasNonNull(field)) {
        spec.set(field, old.get(field).deepCopy());
      }
    }
  }

  private static void foldStringData(ObjectNode secret) {
    if (secret.get("stringData") instanceof ObjectNode plain) {
      ObjectNode data = secret.withObjectProperty("data");
      for (Map.Entry<String, JsonNode> each : plain.properties()) {
        byte[] bytes = each.getValue().asText().getBytes(java.nio.charset.StandardCharsets.UTF_8);
        data.put(each.getKey(), Base64.getEncoder().encodeToString(bytes));
      }
      secret.remove("stringData");
    }
  }

  /// A field by which a field selector may choose, or null when the kind has no such field.
  static @Nullable String selectable(ResourceType type, ObjectNode object, String field) {
    return switch (field) {
      case "metadata.name" -> object.path("metadata").path("name").asText("");
      case "metadata.namespace" -> object.path("metadata").path("namespace").asText("");
      default ->
          fields(type.kind()).contains(field)
              ? at(
                  object,
                  field,
                  field.equals("spec.unschedulable") || field.equals("spec.hostNetwork"))
              : null;
    };
  }

  private static String at(ObjectNode object, String path, boolean flag) {
    JsonNode node = object;
    for (String step : path.split("\\.")) {
      node = node.path(step);
    }
    return node.asText(flag ? "false" : "");
  }

  private static Set<String> fields(String kind) {
    return switch (kind) {
      case "Pod" ->
          Set.of(
              "spec.nodeName",
              "spec.restartPolicy",
              "spec.schedulerName",
              "spec.serviceAccountName",
              "spec.hostNetwork",
              "status.phase",
              "status.podIP",
              "status.nominatedNodeName");
      case "Event" ->
          Set.of(
              "involvedObject.kind",
              "involvedObject.namespace",
              "involvedObject.name",
              "involvedObject.uid",
              "involvedObject.apiVersion",
              "involvedObject.resourceVersion",
              "involvedObject.fieldPath",
              "regarding.kind",
              "regarding.namespace",
              "regarding.name",
              "regarding.uid",
              "reason",
              "reportingComponent",
              "source",
              "type");
      case "Node" -> Set.of("spec.unschedulable");
      case "Secret" -> Set.of("type");
      case "Namespace" -> Set.of("status.phase");
      case "ReplicaSet", "ReplicationController" -> Set.of("status.replicas");
      case "Job" -> Set.of("status.successful");
      case "Service" -> Set.of("spec.clusterIP", "spec.type");
      case "CertificateSigningRequest" -> Set.of("spec.signerName");
      case "ResourceSlice" -> Set.of("spec.nodeName", "spec.driver");
      default -> Set.of();
    };
  }
}
