// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.deployment;

import io.fabric8.kubernetes.api.model.apps.DeploymentCondition;
import io.fabric8.kubernetes.api.model.apps.DeploymentConditionBuilder;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A Deployment's conditions under way: set and removed by type, times kept as Kubernetes keeps
/// them.
final class Conditions {
  static final String AVAILABLE = "Available";
  static final String PROGRESSING = "Progressing";
  static final String REPLICA_FAILURE = "ReplicaFailure";

  private final List<DeploymentCondition> conditions;
  private final String now;

  Conditions(List<DeploymentCondition> conditions, Instant now) {
    this.conditions = new ArrayList<>(conditions);
    this.now = now.truncatedTo(ChronoUnit.SECONDS).toString();
  }

  /// Nothing changes when status and reason are the same; the transition time stays when the status
  /// is.
  void set(String type, String status, String reason, String message) {
    @Nullable DeploymentCondition before = get(type);
    if (before != null && before.getStatus().equals(status) && reason.equals(before.getReason())) {
      return;
    }
    replace(type, status, reason, message);
  }

  /// Like [#set] but for the update time and the message, which always become new.
  void replace(String type, String status, String reason, String message) {
    @Nullable DeploymentCondition before = get(type);
    String transition =
        before != null && before.getStatus().equals(status) ? before.getLastTransitionTime() : now;
    remove(type);
    conditions.add(
        new DeploymentConditionBuilder()
            .withType(type)
            .withStatus(status)
            .withReason(reason)
            .withMessage(message)
            .withLastUpdateTime(now)
            .withLastTransitionTime(transition)
            .build());
  }

  void remove(String type) {
    conditions.removeIf(condition -> condition.getType().equals(type));
  }

  @Nullable DeploymentCondition get(String type) {
    for (DeploymentCondition condition : conditions) {
      if (condition.getType().equals(type)) {
        return condition;
      }
    }
    return null;
  }

  List<DeploymentCondition> list() {
    return conditions;
  }
}
