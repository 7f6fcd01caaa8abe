// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.schema.Schema;
import dev.havn.schema.validate.FieldError;
import dev.havn.schema.validate.Names;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// What an object must satisfy to be stored.
public final class Rules {
  private static final Map<String, Consumer<At>> OF_KIND =
      Map.ofEntries(
          Map.entry("APIService", ExtensionRules::apiService),
          Map.entry("CSIDriver", StorageRules::csiDriver),
          Map.entry("CSINode", StorageRules::csiNode),
          Map.entry("CSIStorageCapacity", StorageRules::csiStorageCapacity),
          Map.entry("CertificateSigningRequest", ClusterRules::signingRequest),
          Map.entry("ClusterRole", RbacRules::clusterRole),
          Map.entry("ClusterRoleBinding", RbacRules::clusterRoleBinding),
          Map.entry("ConfigMap", ConfigRules::configMap),
          Map.entry("ControllerRevision", WorkloadRules::controllerRevision),
          Map.entry("CronJob", BatchRules::cronJob),
          Map.entry("CustomResourceDefinition", CustomResourceRules::check),
          Map.entry("DaemonSet", WorkloadRules::daemonSet),
          Map.entry("Deployment", WorkloadRules::deployment),
          Map.entry("DeviceClass", DeviceRules::deviceClass),
          Map.entry("EndpointSlice", (Consumer<At>) EndpointRules::slice),
          Map.entry("Endpoints", (Consumer<At>) EndpointRules::endpoints),
          Map.entry("Event", EventRules::check),
          Map.entry("FlowSchema", FlowControlRules::flowSchema),
          Map.entry("HorizontalPodAutoscaler", (Consumer<At>) AutoscalingRules::autoscaler),
          Map.entry("IPAddress", NetworkingRules::ipAddress),
          Map.entry("Ingress", NetworkingRules::ingress),
          Map.entry("IngressClass", NetworkingRules::ingressClass),
          Map.entry("Job", (Consumer<At>) JobRules::check),
          Map.entry("Lease", ClusterRules::lease),
          Map.entry("LimitRange", LimitRangeRules::check),
          Map.entry("MutatingAdmissionPolicy", AdmissionPolicyRules::mutating),
          Map.entry("MutatingAdmissionPolicyBinding", AdmissionRules::mutatingBinding),
          Map.entry("MutatingWebhookConfiguration", AdmissionRules::mutatingWebhooks),
          Map.entry("Namespace", ClusterRules::namespace),
          Map.entry("NetworkPolicy", NetworkingRules::networkPolicy),
          Map.entry("Node", NodeRules::check),
          Map.entry("PersistentVolume", VolumeClaimRules::volume),
          Map.entry("PersistentVolumeClaim", VolumeClaimRules::claim),
          Map.entry("Pod", PodRules::pod),
          Map.entry("PodDisruptionBudget", AutoscalingRules::disruptionBudget),
          Map.entry("PodTemplate", WorkloadRules::podTemplate),
          Map.entry("PriorityClass", ClusterRules::priorityClass),
          Map.entry("PriorityLevelConfiguration", FlowControlRules::priorityLevel),
          Map.entry("ReplicaSet", WorkloadRules::replicaSet),
          Map.entry("ReplicationController", WorkloadRules::replicationController),
          Map.entry("ResourceClaim", DeviceRules::claim),
          Map.entry("ResourceClaimTemplate", DeviceRules::claimTemplate),
          Map.entry("ResourceQuota", QuotaRules::quota),
          Map.entry("ResourceSlice", SliceRules::check),
          Map.entry("Role", RbacRules::role),
          Map.entry("RoleBinding", RbacRules::roleBinding),
          Map.entry("RuntimeClass", ClusterRules::runtimeClass),
          Map.entry("Secret", ConfigRules::secret),
          Map.entry("Service", ServiceRules::check),
          Map.entry("ServiceCIDR", NetworkingRules::serviceRange),
          Map.entry("StatefulSet", WorkloadRules::statefulSet),
          Map.entry("StorageClass", StorageRules::storageClass),
          Map.entry("ValidatingAdmissionPolicy", AdmissionPolicyRules::validating),
          Map.entry("ValidatingAdmissionPolicyBinding", AdmissionRules::validatingBinding),
          Map.entry("ValidatingWebhookConfiguration", AdmissionRules::validatingWebhooks),
          Map.entry("VolumeAttachment", StorageRules::volumeAttachment),
          Map.entry("VolumeAttributesClass", StorageRules::attributesClass));

  /// What holds for an object only when it is new.
  private static final Map<String, Consumer<At>> OF_NEW =
      Map.of(
          "ControllerRevision", WorkloadRules::newRevision,
          "CronJob", BatchRules::newCronJob,
          "Pod", PodRules::newPod,
          "ResourceSlice", SliceRules::contents,
          "StatefulSet", WorkloadRules::newSet);

  /// Kinds whose own rules say nothing of metadata, so that it is looked at last and only as far as
  /// that of any kind.
  private static boolean leavesMetadata(String kind, At root) {
    return kind.equals("PodDisruptionBudget")
        || kind.equals("Event") && !root.at("apiVersion").is("events.k8s.io/v1");
  }

  private Rules() {}

  /// Whether a kind has rules of its own, beyond what its schema says.
  public static boolean has(String kind) {
    return OF_KIND.containsKey(kind);
  }

  /// Errors of a new object.
  public static List<FieldError> onCreate(String kind, ObjectNode object, Schema.Struct type) {
    List<FieldError> errors = new ArrayList<>();
    At root = At.root(object, errors);
    if (leavesMetadata(kind, root)) {
      ofKind(kind, root, type);
      if (errors.isEmpty()) {
        MetadataRules.prefix(root.at("metadata").at("generateName"), Formats::pathSegmentStart);
        root.at("metadata").at("name").needs("name or generateName is required");
        MetadataRules.ofAnyKind(root.at("metadata"));
      }
    } else if (kind.equals("Event")) {
      ofKind(kind, root, type);
      MetadataRules.onCreate(kind, root.at("metadata"), name -> names(kind, root, name));
      EventRules.created(root);
    } else {
      MetadataRules.onCreate(kind, root.at("metadata"), name -> names(kind, root, name));
      ofKind(kind, root, type);
      OF_NEW.getOrDefault(kind, _ -> {}).accept(root);
    }
    return errors;
  }

  /// Errors of an object of which a subresource has changed a part: as if it were made anew, but
  /// for what only a new one may not have.
  public static List<FieldError> ofWhole(String kind, ObjectNode object, Schema.Struct type) {
    List<FieldError> errors = new ArrayList<>();
    At root = At.root(object, errors);
    MetadataRules.onCreate(kind, root.at("metadata"), name -> names(kind, root, name));
    ofKind(kind, root, type);
    return errors;
  }

  /// Errors of the metadata of a custom object, new or changed.
  ///
  /// @param before what stood there, or null
  public static List<FieldError> ofCustomMetadata(@Nullable ObjectNode before, ObjectNode object) {
    List<FieldError> errors = new ArrayList<>();
    At metadata = At.root(object, errors).at("metadata");
    if (before == null) {
      MetadataRules.onCreate("", metadata, name -> Names.problems("", name));
    } else {
      MetadataRules.changed(metadata);
      MetadataRules.onUpdate(metadata, before.path("metadata"));
    }
    return errors;
  }

  /// Errors of a resource that is part of another object.
  ///
  /// @param path of the object that it is
  public static List<FieldError> ofEmbedded(JsonNode object, String path) {
    List<FieldError> errors = new ArrayList<>();
    At root = new At(object, path, errors);
    EmbeddedRules.check(root);
    return errors;
  }

  /// Errors of a changed object.
  public static List<FieldError> onUpdate(
      String kind, ObjectNode before, ObjectNode after, Schema.Struct type) {
    List<FieldError> errors = new ArrayList<>();
    At root = At.root(after, errors);
    At metadata = root.at("metadata");
    MetadataRules.changed(metadata);
    MetadataRules.onUpdate(metadata, before.path("metadata"));
    if (kind.equals("Event") && leavesMetadata(kind, root)) {
      ofKind(kind, root, type);
      return errors;
    }
    for (UpdateOrder.Step step : UpdateOrder.of(kind)) {
      switch (step) {
        case METADATA_UPDATE -> {
          MetadataRules.onUpdate(metadata, before.path("metadata"));
          MetadataRules.standardFinalizers(kind, metadata);
        }
        case METADATA -> {
          MetadataRules.prefix(metadata.at("generateName"), name -> names(kind, root, name));
          MetadataRules.ofAnyKind(metadata);
          MetadataRules.standardFinalizers(kind, metadata);
        }
        case RULES -> {
          if (kind.equals("Job")) {
            JobRules.check(root, JobRules.isPrefixed(before));
          } else if (kind.equals("CustomResourceDefinition")) {
            CustomResourceRules.check(root, before.path("spec").path("versions"));
          } else if (kind.equals("EndpointSlice")) {
            EndpointRules.slice(root, before.path("endpoints"));
          } else if (kind.equals("Endpoints")) {
            EndpointRules.endpoints(root, before.path("subsets"));
          } else if (kind.equals("HorizontalPodAutoscaler")) {
            AutoscalingRules.autoscaler(root, before.path("spec"));
          } else {
            ofKind(kind, root, type);
          }
        }
        case FIXED -> Immutability.check(kind, before, root);
      }
    }
    return errors;
  }

  private static List<String> names(String kind, At root, String name) {
    return switch (kind) {
      case "APIService" -> ExtensionRules.serviceName(root, name);
      case "CustomResourceDefinition" -> CustomResourceRules.name(root, name);
      case "StorageVersion" -> StorageVersionRules.name(name);
      default -> Names.problems(kind, name);
    };
  }

  private static void ofKind(String kind, At root, Schema.Struct type) {
    Consumer<At> rules = OF_KIND.get(kind);
    if (rules != null) {
      rules.accept(root);
    } else {
      StructureRules.check(root.value(), type, root.errors());
    }
  }
}
