// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import dev.havn.schema.ResourceType;
import java.util.Set;

/// Which fields a request cannot change, because the endpoint puts them back: nobody owns them by
/// writing them there.
final class ResetFields {
  /// Kinds of which a write to the status leaves all metadata alone, and not only the spec.
  private static final Set<String> WITH_METADATA =
      Set.of(
          "APIService",
          "CustomResourceDefinition",
          "FlowSchema",
          "PriorityLevelConfiguration",
          "ResourceClaim",
          "ServiceCIDR",
          "StorageVersion",
          "ValidatingAdmissionPolicy",
          "VolumeAttachment");

  private ResetFields() {}

  /// Fields of the object, and of its metadata such as `metadata.labels`.
  static Set<String> of(ResourceType type, String subresource) {
    return switch (subresource) {
      case "" ->
          type.builtinKind().equals("CertificateSigningRequest")
              ? Set.of("spec", "status")
              : Kinds.hasStatus(type) ? Set.of("status") : Set.of();
      case "status" ->
          type.custom() != null || WITH_METADATA.contains(type.builtinKind())
              ? Set.of("metadata", "spec")
              : switch (type.builtinKind()) {
                case "Deployment" -> Set.of("metadata.labels", "spec");
                case "Pod" ->
                    Set.of("metadata.deletionTimestamp", "metadata.ownerReferences", "spec");
                default -> Set.of("spec");
              };
      case "approval" -> Set.of("spec");
      default -> Set.of();
    };
  }
}
