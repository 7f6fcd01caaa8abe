// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.statefulset;

import dev.havn.controllers.replicas.PodState;
import io.fabric8.kubernetes.api.model.Pod;

/// A place in a set.
///
/// @param isThere whether the pod exists, or is one that should
record Replica(Pod pod, boolean isThere) {
  static boolean isRunningAndReady(Pod pod) {
    return PodState.phase(pod).equals("Running") && PodState.isReady(pod);
  }

  /// Whether it serves nobody now: not there, not available yet, or going.
  boolean isUnavailable(SetPlan.Observed seen) {
    return !isAvailable(seen) || isTerminating();
  }

  boolean isAvailable(SetPlan.Observed seen) {
    return isThere && PodState.isAvailable(pod, seen.desired().minReady(), seen.now());
  }

  boolean isTerminating() {
    return PodState.isTerminating(pod);
  }

  /// Whether its successors may go on: it runs, for long enough, and stays.
  boolean isSettled(SetPlan.Observed seen) {
    return isThere && !isTerminating() && isRunningAndReady(pod) && isAvailable(seen);
  }
}
