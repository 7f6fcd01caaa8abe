// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.LongNode;
import java.util.List;

/// Statuses that count pods.
final class StatusCounts {
  private StatusCounts() {}

  static void deployment(At after, JsonNode before) {
    At status = after.at("status");
    nonNegative(
        status,
        "observedGeneration",
        "replicas",
        "updatedReplicas",
        "readyReplicas",
        "availableReplicas",
        "unavailableReplicas",
        "terminatingReplicas",
        "collisionCount");
    ofAll(status, "updatedReplicas", "readyReplicas", "availableReplicas");
    availableAreReady(status, "cannot be greater than readyReplicas");
    collisions(status, before);
  }

  static void replicaSet(At after, JsonNode before) {
    replicationController(after, before);
    nonNegative(after.at("status"), "terminatingReplicas");
  }

  static void replicationController(At after, JsonNode before) {
    At status = after.at("status");
    nonNegative(
        status,
        "replicas",
        "fullyLabeledReplicas",
        "readyReplicas",
        "availableReplicas",
        "observedGeneration");
    ofAll(status, "fullyLabeledReplicas", "readyReplicas", "availableReplicas");
    availableAreReady(status, "cannot be greater than readyReplicas");
  }

  static void statefulSet(At after, JsonNode before) {
    At status = after.at("status");
    nonNegative(
        status,
        "replicas",
        "readyReplicas",
        "currentReplicas",
        "updatedReplicas",
        "availableReplicas",
        "observedGeneration",
        "collisionCount");
    ofAll(status, "readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas");
    availableAreReady(status, "cannot be greater than status.readyReplicas");
    collisions(status, before);
  }

  static void daemonSet(At after, JsonNode before) {
    At status = after.at("status");
    nonNegative(
        status,
        "currentNumberScheduled",
        "numberMisscheduled",
        "desiredNumberScheduled",
        "numberReady",
        "observedGeneration",
        "updatedNumberScheduled",
        "numberAvailable",
        "numberUnavailable",
        "collisionCount");
    collisions(status, before);
  }

  static void autoscaler(At after, JsonNode before) {
    nonNegative(after.at("status"), "currentReplicas", "desiredReplicas");
  }

  static void disruptionBudget(At after, JsonNode before) {
    At status = after.at("status");
    ConditionRules.check(status.at("conditions"));
    nonNegative(status, "disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods");
  }

  private static void nonNegative(At status, String... fields) {
    List.of(fields).forEach(field -> status.at(field).nonNegative());
  }

  private static void ofAll(At status, String... fields) {
    for (String field : fields) {
      if (status.at(field).number() > status.at("replicas").number()) {
        counted(status.at(field)).invalid("cannot be greater than status.replicas");
      }
    }
  }

  private static void availableAreReady(At status, String detail) {
    At available = status.at("availableReplicas");
    if (available.number() > status.at("readyReplicas").number()) {
      counted(available).invalid(detail);
    }
  }

  /// None is shown as 0.
  private static At counted(At count) {
    return new At(LongNode.valueOf(count.number()), count.path(), count.errors());
  }

  private static void collisions(At status, JsonNode before) {
    At count = status.at("collisionCount");
    JsonNode was = before.path("status").path("collisionCount");
    if (was.isNumber() && (!count.isThere() || count.number() < was.asLong())) {
      counted(count).invalid("cannot be decremented");
    }
  }
}
