// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.autoscaling;

import java.time.Duration;

/// How autoscalers are followed: kube-controller-manager's options
/// `--horizontal-pod-autoscaler-...`.
///
/// @param period how often each is looked at, and how long a new one waits; `sync-period`
/// @param tolerance how far usage may be from its target, as part of it, where no `behavior` says
///   it; `tolerance`
/// @param downWindow whose highest recommendation counts when there are to be fewer, where no
///   `behavior` says it; `downscale-stabilization`
/// @param cpuInitialization while so young a pod's processor time counts only where it was measured
///   after the pod became ready; `cpu-initialization-period`
/// @param initialReadiness a pod that has not been ready since so soon after its start has never
///   been; `initial-readiness-delay`
public record ScalingOptions(
    Duration period,
    double tolerance,
    Duration downWindow,
    Duration cpuInitialization,
    Duration initialReadiness) {
  /// Kubernetes' own.
  public static final ScalingOptions USUAL =
      new ScalingOptions(
          Duration.ofSeconds(15),
          0.1,
          Duration.ofMinutes(5),
          Duration.ofMinutes(5),
          Duration.ofSeconds(30));
}
