// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.deployment;

import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentCondition;
import io.fabric8.kubernetes.api.model.apps.DeploymentStatus;
import io.fabric8.kubernetes.api.model.apps.DeploymentStatusBuilder;
import io.fabric8.kubernetes.api.model.apps.ReplicaSet;
import io.fabric8.kubernetes.api.model.apps.ReplicaSetCondition;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// A Deployment's status from its ReplicaSets.
final class StatusOf {
  static final String NEW_SET_CREATED = "NewReplicaSetCreated";
  static final String NEW_SET_FOUND = "FoundNewReplicaSet";
  static final String NEW_SET_REFUSED = "ReplicaSetCreateError";
  static final String NEW_SET_AVAILABLE = "NewReplicaSetAvailable";
  static final String SET_UPDATED = "ReplicaSetUpdated";
  static final String TIMED_OUT = "ProgressDeadlineExceeded";
  static final String PAUSED = "DeploymentPaused";
  static final String RESUMED = "DeploymentResumed";

  private final Deployment deployment;
  private final @Nullable ReplicaSet current;
  private final List<ReplicaSet> all;
  private final Instant now;

  StatusOf(Deployment deployment, @Nullable ReplicaSet current, List<ReplicaSet> old, Instant now) {
    this.deployment = deployment;
    this.current = current;
    this.all = new ArrayList<>(old);
    if (current != null) {
      all.add(current);
    }
    this.now = now;
  }

  /// Numbers and the Available condition; other conditions as they stand.
  DeploymentStatus counts() {
    int available = all.stream().mapToInt(Desired::availableReplicas).sum();
    int total = all.stream().mapToInt(Desired::replicas).sum();
    Conditions conditions = conditions();
    if (available >= Desired.replicas(deployment) - Surge.of(deployment).maxUnavailable()) {
      conditions.set(
          Conditions.AVAILABLE,
          "True",
          "MinimumReplicasAvailable",
          "Deployment has minimum availability.");
    } else {
      conditions.set(
          Conditions.AVAILABLE,
          "False",
          "MinimumReplicasUnavailable",
          "Deployment does not have minimum availability.");
    }
    return new DeploymentStatusBuilder()
        .withObservedGeneration(deployment.getMetadata().getGeneration())
        .withReplicas(all.stream().mapToInt(Desired::observedReplicas).sum())
        .withUpdatedReplicas(current == null ? 0 : Desired.observedReplicas(current))
        .withReadyReplicas(all.stream().mapToInt(Desired::readyReplicas).sum())
        .withAvailableReplicas(available)
        .withUnavailableReplicas(Math.max(0, total - available))
        .withTerminatingReplicas(all.stream().mapToInt(Desired::terminatingReplicas).sum())
        .withCollisionCount(status().map(DeploymentStatus::getCollisionCount).orElse(null))
        .withConditions(conditions.list())
        .build();
  }

  /// Whether a status says what is shown already. The API leaves out counts of zero.
  static boolean isShown(DeploymentStatus status, @Nullable DeploymentStatus shown) {
    return shown != null
        && new DeploymentStatusBuilder(shown)
            .withReplicas(Desired.or(shown.getReplicas(), 0))
            .withUpdatedReplicas(Desired.or(shown.getUpdatedReplicas(), 0))
            .withReadyReplicas(Desired.or(shown.getReadyReplicas(), 0))
            .withAvailableReplicas(Desired.or(shown.getAvailableReplicas(), 0))
            .withUnavailableReplicas(Desired.or(shown.getUnavailableReplicas(), 0))
            .withTerminatingReplicas(Desired.or(shown.getTerminatingReplicas(), 0))
            .build()
            .equals(status);
  }

  /// [#counts] and what the rollout has come to.
  DeploymentStatus rollout() {
    DeploymentStatus status = counts();
    Conditions conditions = new Conditions(status.getConditions(), now);
    if (Desired.progressDeadlineSeconds(deployment) != null) {
      progress(status, conditions);
    } else {
      conditions.remove(Conditions.PROGRESSING);
    }
    failure(conditions);
    status.setConditions(conditions.list());
    return status;
  }

  private void progress(DeploymentStatus status, Conditions conditions) {
    @Nullable DeploymentCondition before = conditions.get(Conditions.PROGRESSING);
    boolean wasComplete =
        before != null
            && NEW_SET_AVAILABLE.equals(before.getReason())
            && status()
                .map(s -> s.getReplicas())
                .equals(status().map(DeploymentStatus::getUpdatedReplicas));
    if (wasComplete) {
      return;
    }
    if (isComplete(deployment, status)) {
      conditions.set(
          Conditions.PROGRESSING,
          "True",
          NEW_SET_AVAILABLE,
          name() + " has successfully progressed.");
    } else if (hasProgressed(status)) {
      String message = name() + " is progressing.";
      if (before != null && before.getStatus().equals("True")) {
        conditions.remove(Conditions.PROGRESSING);
        conditions.replace(Conditions.PROGRESSING, "True", SET_UPDATED, message);
        carryTransition(conditions, before);
      } else {
        conditions.replace(Conditions.PROGRESSING, "True", SET_UPDATED, message);
      }
    } else if (hasTimedOut(before)) {
      conditions.set(
          Conditions.PROGRESSING, "False", TIMED_OUT, name() + " has timed out progressing.");
    }
  }

  private static void carryTransition(Conditions conditions, DeploymentCondition before) {
    @Nullable DeploymentCondition fresh = conditions.get(Conditions.PROGRESSING);
    if (fresh != null) {
      fresh.setLastTransitionTime(before.getLastTransitionTime());
    }
  }

  private String name() {
    return current == null
        ? "Deployment \"" + deployment.getMetadata().getName() + "\""
        : "ReplicaSet \"" + current.getMetadata().getName() + "\"";
  }

  private void failure(Conditions conditions) {
    for (ReplicaSet set : all) {
      List<ReplicaSetCondition> ofSet =
          set.getStatus() == null ? List.of() : set.getStatus().getConditions();
      for (ReplicaSetCondition each : ofSet) {
        if (each.getType().equals(Conditions.REPLICA_FAILURE)) {
          conditions.set(
              Conditions.REPLICA_FAILURE, each.getStatus(), each.getReason(), each.getMessage());
          return;
        }
      }
    }
    conditions.remove(Conditions.REPLICA_FAILURE);
  }

  /// Every pod is of the new template and available.
  static boolean isComplete(Deployment deployment, DeploymentStatus status) {
    int desired = Desired.replicas(deployment);
    return Desired.or(status.getUpdatedReplicas(), 0) == desired
        && Desired.or(status.getReplicas(), 0) == desired
        && Desired.or(status.getAvailableReplicas(), 0) == desired
        && deployment.getMetadata().getGeneration().equals(status.getObservedGeneration());
  }

  private boolean hasProgressed(DeploymentStatus status) {
    int oldBefore =
        status().map(s -> count(s.getReplicas()) - count(s.getUpdatedReplicas())).orElse(0);
    int oldNow = count(status.getReplicas()) - count(status.getUpdatedReplicas());
    return count(status.getUpdatedReplicas()) > before(DeploymentStatus::getUpdatedReplicas)
        || oldNow < oldBefore
        || count(status.getReadyReplicas()) > before(DeploymentStatus::getReadyReplicas)
        || count(status.getAvailableReplicas()) > before(DeploymentStatus::getAvailableReplicas);
  }

  private int before(java.util.function.Function<DeploymentStatus, @Nullable Integer> field) {
    return status().map(s -> count(field.apply(s))).orElse(0);
  }

  private static int count(@Nullable Integer value) {
    return Desired.or(value, 0);
  }

  private boolean hasTimedOut(@Nullable DeploymentCondition progressing) {
    @Nullable Duration left = deadline(deployment, progressing, now);
    return progressing != null
        && (TIMED_OUT.equals(progressing.getReason())
            || (left != null && (left.isNegative() || left.isZero())));
  }

  /// The time until the rollout counts as stuck, or null when that clock does not run.
  static @Nullable Duration deadline(
      Deployment deployment, @Nullable DeploymentCondition progressing, Instant now) {
    @Nullable Integer seconds = Desired.progressDeadlineSeconds(deployment);
    if (seconds == null
        || progressing == null
        || Desired.isPaused(deployment)
        || NEW_SET_AVAILABLE.equals(progressing.getReason())
        || TIMED_OUT.equals(progressing.getReason())
        || PAUSED.equals(progressing.getReason())) {
      return null;
    }
    Instant since = Instant.parse(progressing.getLastUpdateTime());
    return Duration.between(now, since.plusSeconds(seconds));
  }

  private Optional<DeploymentStatus> status() {
    return Optional.ofNullable(deployment.getStatus());
  }

  Conditions conditions() {
    return new Conditions(status().map(DeploymentStatus::getConditions).orElse(List.of()), now);
  }
}
