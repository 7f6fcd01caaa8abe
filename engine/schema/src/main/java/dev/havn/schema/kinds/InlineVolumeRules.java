// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

/// Rules of a volume that is written into its attachment and has no object of its own: it comes
/// from a driver and is what a claim once was for a pod.
final class InlineVolumeRules {
  private static final String CONTEXT = " in the context of inline volumes";

  private InlineVolumeRules() {}

  static void check(At spec) {
    spec.at("claimRef").ifThere(InlineVolumeRules::unspecified);
    if (!spec.at("capacity").isEmpty()) {
      unspecified(spec.at("capacity"));
    }
    if (!spec.at("csi").isThere()) {
      spec.at("csi").required("has to be specified" + CONTEXT);
    }
    spec.at("accessModes").needs();
    VolumeClaimRules.modes(spec.at("accessModes"));
    At policy = spec.at("persistentVolumeReclaimPolicy");
    if (!policy.isEmpty() && !policy.is("Retain")) {
      policy.forbidden("may only be Retain" + CONTEXT);
    }
    spec.at("nodeAffinity").ifThere(InlineVolumeRules::unspecified);
    VolumeClaimRules.sources(spec, "");
    if (!spec.at("storageClassName").isEmpty()) {
      unspecified(spec.at("storageClassName"));
    }
    At mode = spec.at("volumeMode");
    if (mode.isThere() && !mode.is("Filesystem")) {
      mode.forbidden("may not specify volumeMode other than Filesystem" + CONTEXT);
    }
  }

  private static void unspecified(At field) {
    field.forbidden("may not be specified" + CONTEXT);
  }
}
