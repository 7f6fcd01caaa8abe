// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.deployment;

import io.fabric8.kubernetes.api.model.apps.DeploymentStatus;
import io.fabric8.kubernetes.api.model.apps.ReplicaSet;
import java.util.Map;

/// One write that a rollout wants.
sealed interface Change {

  /// Make the ReplicaSet of the newest template.
  record CreateSet(ReplicaSet set) implements Change {}

  /// Give a set another size, and the sizes it remembers.
  record Resize(ReplicaSet set, int size, Map<String, String> annotations) implements Change {}

  /// Give a set other annotations or another `minReadySeconds`, its size untouched.
  record Annotate(ReplicaSet set, Map<String, String> annotations, int minReadySeconds)
      implements Change {}

  /// Delete a set that no revision needs any more.
  record DeleteSet(ReplicaSet set) implements Change {}

  /// Give the Deployment the template of a former revision's set, and these annotations.
  record RollBack(ReplicaSet set, long revision, Map<String, String> annotations)
      implements Change {}

  /// Leave the Deployment but these annotations, and say why its wish is refused.
  record RefuseRollback(Map<String, String> annotations, String reason, String message)
      implements Change {}

  /// Write the status and the revision annotation.
  record SetStatus(DeploymentStatus status, String revision) implements Change {}
}
