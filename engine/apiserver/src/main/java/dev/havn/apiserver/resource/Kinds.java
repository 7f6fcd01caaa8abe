// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.apiserver.authentication.UserInfo;
import dev.havn.schema.ResourceType;
import dev.havn.schema.kinds.Defaults;
import dev.havn.schema.validate.Zeros;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The strategies: what single kinds need when they are created, changed and read that no schema
/// says.
final class Kinds {
  /// By what events of the core group are chosen.
  private static final Set<String> OF_EVENTS =
      Set.of(
          "involvedObject.kind",
          "involvedObject.namespace",
          "involvedObject.name",
          "involvedObject.uid",
          "involvedObject.apiVersion",
          "involvedObject.resourceVersion",
          "involvedObject.fieldPath",
          "reason",
          "reportingComponent",
          "source",
          "type");

  /// And those of `events.k8s.io`.
  private static final Set<String> OF_REPORTED_EVENTS =
      Set.of(
          "regarding.kind",
          "regarding.namespace",
          "regarding.name",
          "regarding.uid",
          "regarding.apiVersion",
          "regarding.resourceVersion",
          "regarding.fieldPath",
          "reason",
          "reportingController",
          "type");

  static final String TEMPLATE_GENERATION = "deprecated.daemonset.template.generation";

  /// Events end by themselves.
  static final Duration EVENT_TTL = Duration.ofHours(1);

  /// Kinds whose `metadata.generation` counts changes of their spec. Cluster-wide kinds that do not
  /// take the name of a namespace for a field to choose by, as most others do.
  private static final Set<String> WITHOUT_NAMESPACE_FIELD =
      Set.of("CertificateSigningRequest", "Namespace", "Node", "ResourceSlice");

  private static final Set<String> WITH_GENERATION =
      Set.of(
          "CronJob",
          "CSIDriver",
          "CustomResourceDefinition",
          "DaemonSet",
          "Deployment",
          "DeviceClass",
          "EndpointSlice",
          "FlowSchema",
          "Ingress",
          "IngressClass",
          "Job",
          "MutatingAdmissionPolicy",
          "MutatingAdmissionPolicyBinding",
          "MutatingWebhookConfiguration",
          "NetworkPolicy",
          "Pod",
          "PodDisruptionBudget",
          "PodTemplate",
          "PriorityClass",
          "PriorityLevelConfiguration",
          "ReplicaSet",
          "ReplicationController",
          "ResourceSlice",
          "StatefulSet",
          "ValidatingAdmissionPolicy",
          "ValidatingAdmissionPolicyBinding",
          "ValidatingWebhookConfiguration");

  /// Kinds that cannot be overwritten unseen.
  private static final Set<String> VERSIONED =
      Set.of(
          "CSIDriver",
          "CSINode",
          "CSIStorageCapacity",
          "Lease",
          "MutatingAdmissionPolicy",
          "MutatingAdmissionPolicyBinding",
          "MutatingWebhookConfiguration",
          "PodDisruptionBudget",
          "RuntimeClass",
          "StorageVersion",
          "ValidatingAdmissionPolicy",
          "ValidatingAdmissionPolicyBinding",
          "ValidatingWebhookConfiguration",
          "VolumeAttachment");

  /// Kinds whose delete answers with the object and not with a `Status`.
  private static final Set<String> RETURNED_WHEN_DELETED =
      Set.of(
          "CSIDriver",
          "CSINode",
          "DeviceClass",
          "Namespace",
          "PersistentVolume",
          "PersistentVolumeClaim",
          "Pod",
          "PodTemplate",
          "ResourceClaim",
          "ResourceClaimTemplate",
          "ResourceQuota",
          "ResourceSlice",
          "Service",
          "ServiceAccount",
          "StorageClass",
          "VolumeAttachment",
          "VolumeAttributesClass");

  /// Kinds whose update makes the object that is not there yet.
  private static final Set<String> CREATED_BY_UPDATE =
      Set.of(
          "ClusterRole",
          "ClusterRoleBinding",
          "Endpoints",
          "Event",
          "Lease",
          "LimitRange",
          "Role",
          "RoleBinding",
          "RuntimeClass",
          "Service");

  private Kinds() {}

  static boolean isCreatedByUpdate(ResourceType type) {
    return CREATED_BY_UPDATE.contains(type.builtinKind());
  }

  static boolean hasGeneration(ResourceType type) {
    return type.custom() != null || WITH_GENERATION.contains(type.builtinKind());
  }

  static boolean isReturnedWhenDeleted(ResourceType type) {
    return RETURNED_WHEN_DELETED.contains(type.builtinKind());
  }

  /// Whether dependents outlive the object when a delete does not say.
  static boolean orphansByDefault(ResourceType type) {
    return type.builtinKind().equals("Job") || type.builtinKind().equals("ReplicationController");
  }

  /// Whether an update must say which revision it changes.
  static boolean needsVersion(ResourceType type) {
    return type.custom() != null || VERSIONED.contains(type.builtinKind());
  }

  /// The same of an update of the status alone.
  static boolean needsVersionInStatus(ResourceType type) {
    return List.of("APIService", "CustomResourceDefinition").contains(type.builtinKind());
  }

  static boolean hasStatus(ResourceType type) {
    return type.subresources().stream().anyMatch(each -> each.name().equals("status"));
  }

  static @Nullable Duration ttl(ResourceType type) {
    return type.builtinKind().equals("Event") ? EVENT_TTL : null;
  }

  /// The generation of a new object; 0 when it has none before it is changed.
  static int firstGeneration(ResourceType type) {
    return type.builtinKind().equals("CSIDriver") ? 0 : 1;
  }

  /// Whether the generation rises with each change.
  static boolean countsGenerations(ResourceType type) {
    return hasGeneration(type) && !type.builtinKind().equals("PriorityClass");
  }

  /// The part of the metadata that the generation counts, too; an empty text where it counts none.
  static String countedMetadata(ResourceType type) {
    return switch (type.builtinKind()) {
      case "EndpointSlice" -> "labels";
      case "Deployment" -> "annotations";
      default -> "";
    };
  }

  /// After defaulting, before admission: status reset, fields that the server sets.
  static void prepareCreate(Call call, ObjectNode object) {
    ResourceType type = call.type();
    GatedFields.drop(call, object.objectNode(), object);
    String quality = object.path("status").path("qosClass").asText("");
    if (hasStatus(type) && !type.builtinKind().equals("Node")) {
      object.remove("status");
      Zeros.fill(object, type.schema());
    }
    switch (type.builtinKind()) {
      case "Pod" -> {
        AppArmorAnnotations.copy(object);
        ObjectNode status = object.putObject("status");
        status.put("phase", "Pending");
        if (!object.path("spec").path("schedulingGates").isEmpty()) {
          gated(status, object.path("metadata").path("creationTimestamp"));
        }
        LabelKeys.merge(object);
        status.put(
            "qosClass", quality.isEmpty() ? Pods.qualityOfService(object.path("spec")) : quality);
      }
      case "ServiceAccount" -> namesOnly(object);
      case "Node" -> withoutDynamicConfiguration(object);
      case "Job" -> JobSelectors.generate(object);
      case "CertificateSigningRequest" -> requester(object.withObjectProperty("spec"), call.user());
      case "DaemonSet" -> annotations(object).put(TEMPLATE_GENERATION, "1");
      case "CustomResourceDefinition" -> stored(object);
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
        Defaults.apply(type.kind(), object, type.schema());
      }
      case "PersistentVolumeClaim" -> {
        object.putObject("status").put("phase", "Pending");
        ClaimSources.prepare(object.withObjectProperty("spec"), null);
      }
      case "PersistentVolume" -> {
        ObjectNode status = object.putObject("status").put("phase", "Pending");
        status.set("lastPhaseTransitionTime", object.path("metadata").path("creationTimestamp"));
      }
      default -> {}
    }
  }

  /// Before a changed object is compared with what stood there.
  static void prepareUpdate(Call call, ObjectNode before, ObjectNode after) {
    ResourceType type = call.type();
    GatedFields.drop(call, before, after);
    switch (type.builtinKind()) {
      case "Namespace" -> {
        if (before.has("spec")) {
          after.set("spec", before.get("spec").deepCopy());
        }
      }
      case "ServiceAccount" -> namesOnly(after);
      case "Node" -> withoutDynamicConfiguration(after);
      case "CertificateSigningRequest" -> after.set("spec", before.path("spec").deepCopy());
      case "CustomResourceDefinition" -> stored(after);
      case "PersistentVolumeClaim" ->
          ClaimSources.prepare(after.withObjectProperty("spec"), before.path("spec"));
      case "DaemonSet" -> {
        long old = annotations(before).path(TEMPLATE_GENERATION).asLong(1);
        boolean same =
            before.path("spec").path("template").equals(after.path("spec").path("template"));
        annotations(after).put(TEMPLATE_GENERATION, String.valueOf(same ? old : old + 1));
      }
      default -> {}
    }
  }

  /// From now on objects are stored in the version that a definition stores.
  private static void stored(ObjectNode object) {
    for (JsonNode version : object.path("spec").path("versions")) {
      if (version.path("storage").asBoolean()) {
        ArrayNode stored = object.withObjectProperty("status").withArrayProperty("storedVersions");
        for (JsonNode each : stored) {
          if (each.equals(version.get("name"))) {
            return;
          }
        }
        stored.add(version.get("name"));
        return;
      }
    }
  }

  /// Who asks for a certificate is what the server knows, whatever the request says.
  private static void requester(ObjectNode spec, UserInfo user) {
    spec.remove(List.of("username", "uid", "groups", "extra"));
    spec.put("username", user.name());
    if (!user.uid().isEmpty()) {
      spec.put("uid", user.uid());
    }
    user.groups().forEach(spec.withArrayProperty("groups")::add);
    user.extra()
        .forEach(
            (key, values) ->
                values.forEach(spec.withObjectProperty("extra").withArrayProperty(key)::add));
  }

  /// Secrets of an account are those of its namespace, found by name.
  private static void namesOnly(ObjectNode account) {
    for (JsonNode secret : account.path("secrets")) {
      ((ObjectNode) secret).retain("name");
    }
  }

  /// Kubelets are not configured through the API any more.
  private static void withoutDynamicConfiguration(ObjectNode node) {
    if (node.get("spec") instanceof ObjectNode spec) {
      spec.remove("configSource");
    }
    if (node.get("status") instanceof ObjectNode status) {
      status.remove("config");
    }
  }

  /// Before a changed status is compared with what stood there.
  static void prepareStatusUpdate(Call call, ObjectNode before, ObjectNode after) {
    GatedFields.drop(call, before, after);
    if (call.type().builtinKind().equals("DaemonSet")) {
      // an annotation that is part of the spec
      String old = annotations(before).path(TEMPLATE_GENERATION).asText("1");
      annotations(after).put(TEMPLATE_GENERATION, old);
    }
  }

  /// The metadata of an object where nothing else of it is shown.
  static JsonNode bareMetadata(ObjectNode object) {
    JsonNode metadata = object.path("metadata");
    if (!object.path("kind").asText().equals("DaemonSet")
        || !metadata.path("annotations").has(TEMPLATE_GENERATION)) {
      return metadata;
    }
    ObjectNode bare = metadata.deepCopy();
    ObjectNode annotations = bare.withObjectProperty("annotations");
    annotations.remove(TEMPLATE_GENERATION);
    if (annotations.isEmpty()) {
      bare.remove("annotations");
    }
    return bare;
  }

  private static ObjectNode annotations(ObjectNode object) {
    return object.withObjectProperty("metadata").withObjectProperty("annotations");
  }

  private static void gated(ObjectNode status, JsonNode now) {
    ObjectNode condition = status.putArray("conditions").addObject();
    condition.put("type", "PodScheduled").put("status", "False").putNull("lastProbeTime");
    condition.set("lastTransitionTime", now);
    condition.put("reason", "SchedulingGated");
    condition.put("message", "Scheduling is blocked due to non-empty scheduling gates");
  }

  /// A field by which a field selector may choose, or null when the kind has no such field.
  static @Nullable String selectable(ResourceType type, ObjectNode object, String field) {
    return switch (field) {
      case "metadata.name" -> object.path("metadata").path("name").asText("");
      case "metadata.namespace" ->
          WITHOUT_NAMESPACE_FIELD.contains(type.builtinKind())
              ? null
              : object.path("metadata").path("namespace").asText("");
      case "source", "reportingController" ->
          fields(type).contains(field) ? reporter(object) : null;
      default -> {
        if (type.custom() != null) {
          yield type.custom().selected(object, field);
        }
        yield fields(type).contains(field)
            ? at(
                object,
                field.replaceFirst("^regarding\\.", "involvedObject."),
                field.equals("spec.unschedulable") || field.equals("spec.hostNetwork"))
            : null;
      }
    };
  }

  private static String reporter(ObjectNode event) {
    String component = event.path("source").path("component").asText("");
    return component.isEmpty() ? event.path("reportingComponent").asText("") : component;
  }

  private static String at(ObjectNode object, String path, boolean flag) {
    JsonNode node = object;
    for (String step : path.split("\\.")) {
      node = node.path(step);
    }
    return node.asText(flag ? "false" : "");
  }

  private static Set<String> fields(ResourceType type) {
    return switch (type.builtinKind()) {
      case "Pod" ->
          Set.of(
              "spec.nodeName",
              "spec.restartPolicy",
              "spec.schedulerName",
              "spec.serviceAccountName",
              "spec.hostNetwork",
              "status.phase",
              "status.podIP",
              "status.podIPs",
              "status.nominatedNodeName");
      case "Event" -> type.group().isEmpty() ? OF_EVENTS : OF_REPORTED_EVENTS;
      case "Node" -> Set.of("spec.unschedulable");
      case "Secret" -> Set.of("type");
      case "Namespace" -> Set.of("status.phase");
      case "ReplicationController" -> Set.of("status.replicas");
      case "Job" -> Set.of("status.successful");
      case "Service" -> Set.of("spec.clusterIP", "spec.type");
      case "CertificateSigningRequest" -> Set.of("spec.signerName");
      case "ResourceSlice" -> Set.of("spec.nodeName", "spec.driver");
      default -> Set.of();
    };
  }
}
