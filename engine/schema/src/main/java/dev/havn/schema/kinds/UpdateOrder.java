// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import static dev.havn.schema.kinds.UpdateOrder.Step.FIXED;
import static dev.havn.schema.kinds.UpdateOrder.Step.METADATA;
import static dev.havn.schema.kinds.UpdateOrder.Step.METADATA_UPDATE;
import static dev.havn.schema.kinds.UpdateOrder.Step.RULES;

import java.util.List;
import java.util.Map;

/// In which order, and how often, Kubernetes looks at the parts of a changed object. The order of
/// the causes of a refusal shows it.
final class UpdateOrder {

  /// What is looked at.
  enum Step {
    /// Metadata beside what it was.
    METADATA_UPDATE,
    /// Metadata alone.
    METADATA,
    /// All else, alone.
    RULES,
    /// What may not change.
    FIXED
  }

  private static final List<Step> USUAL = List.of(METADATA_UPDATE, RULES, FIXED);
  private static final List<Step> FIXED_FIRST = List.of(METADATA_UPDATE, FIXED, METADATA, RULES);
  private static final List<Step> WITH_METADATA = List.of(METADATA_UPDATE, METADATA, RULES, FIXED);
  private static final List<Step> AS_NEW_FIRST = List.of(METADATA, RULES, METADATA_UPDATE, FIXED);

  private static final List<Step> AS_NEW = List.of(METADATA, RULES, FIXED);

  private static final Map<String, List<Step>> OF_KIND =
      Map.ofEntries(
          Map.entry("CSIDriver", USUAL),
          Map.entry("CSINode", AS_NEW),
          Map.entry("CSIStorageCapacity", AS_NEW_FIRST),
          Map.entry("CertificateSigningRequest", AS_NEW_FIRST),
          Map.entry("ClusterRole", AS_NEW_FIRST),
          Map.entry("ClusterRoleBinding", AS_NEW_FIRST),
          Map.entry("ConfigMap", FIXED_FIRST),
          Map.entry("CronJob", USUAL),
          Map.entry("DaemonSet", List.of(METADATA_UPDATE, FIXED, RULES)),
          Map.entry("Deployment", USUAL),
          Map.entry("DeviceClass", List.of(METADATA, METADATA_UPDATE, RULES)),
          Map.entry("EndpointSlice", AS_NEW),
          Map.entry("Event", List.of(RULES, METADATA_UPDATE, FIXED)),
          Map.entry("HorizontalPodAutoscaler", USUAL),
          Map.entry("IPAddress", AS_NEW_FIRST),
          Map.entry("IngressClass", FIXED_FIRST),
          Map.entry("Job", AS_NEW_FIRST),
          Map.entry("Lease", USUAL),
          Map.entry("LimitRange", List.of(METADATA, RULES)),
          Map.entry("MutatingAdmissionPolicy", AS_NEW),
          Map.entry("MutatingAdmissionPolicyBinding", AS_NEW),
          Map.entry("MutatingWebhookConfiguration", AS_NEW),
          Map.entry("Namespace", AS_NEW_FIRST),
          Map.entry("NetworkPolicy", USUAL),
          Map.entry("Node", AS_NEW_FIRST),
          Map.entry("PersistentVolume", List.of(METADATA, RULES, METADATA, RULES, FIXED)),
          Map.entry("PodDisruptionBudget", List.of(RULES)),
          Map.entry("PodTemplate", USUAL),
          Map.entry("PriorityClass", List.of(METADATA_UPDATE, FIXED)),
          Map.entry("ReplicaSet", USUAL),
          Map.entry("ReplicationController", USUAL),
          Map.entry("ResourceClaim", List.of(METADATA, METADATA_UPDATE, FIXED)),
          Map.entry("ResourceClaimTemplate", AS_NEW_FIRST),
          Map.entry("ResourceQuota", USUAL),
          Map.entry("ResourceSlice", USUAL),
          Map.entry("Role", AS_NEW_FIRST),
          Map.entry("RoleBinding", AS_NEW_FIRST),
          Map.entry("RuntimeClass", AS_NEW_FIRST),
          Map.entry("Secret", FIXED_FIRST),
          Map.entry("Service", List.of(METADATA_UPDATE, FIXED, RULES)),
          Map.entry("ServiceCIDR", List.of(METADATA_UPDATE, FIXED)),
          Map.entry("StatefulSet", USUAL),
          Map.entry("StorageClass", AS_NEW_FIRST),
          Map.entry("StorageVersion", List.of()),
          Map.entry("ValidatingAdmissionPolicy", AS_NEW),
          Map.entry("ValidatingAdmissionPolicyBinding", AS_NEW),
          Map.entry("ValidatingWebhookConfiguration", AS_NEW),
          Map.entry("VolumeAttachment", AS_NEW),
          Map.entry("VolumeAttributesClass", FIXED_FIRST));

  private UpdateOrder() {}

  static List<Step> of(String kind) {
    return OF_KIND.getOrDefault(kind, WITH_METADATA);
  }
}
