// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.volumes;

/// Something to be done about a claim or a volume.
sealed interface Step {
  /// Binds the claim and a volume to each other: both specs, both statuses.
  record Bind(String volume) implements Step {}

  /// Says that the claim has no volume.
  record ClaimPhase(String phase) implements Step {}

  record AssignClass(String name) implements Step {}

  /// Hands the claim to a provisioner.
  record Provision(String provisioner) implements Step {}

  record VolumePhase(String phase, String message) implements Step {}

  /// Gives the volume back: whoever has kept it for a claim by name keeps it.
  record Unbind() implements Step {}

  /// Empties the volume by a pod, and gives it back then.
  record Recycle() implements Step {}

  /// Has the claim that the volume is for looked at.
  record LookAtClaim() implements Step {}

  record ClaimEvent(String type, String reason, String message) implements Step {}

  record VolumeEvent(String type, String reason, String message) implements Step {}
}
