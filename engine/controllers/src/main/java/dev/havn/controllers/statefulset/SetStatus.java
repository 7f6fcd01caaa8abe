// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.statefulset;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.controllers.replicas.PodState;
import dev.havn.reconcile.Api;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.apps.StatefulSetStatus;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What a set's status says.
///
/// @param collisions how often the name of a revision was taken
record SetStatus(
    long generation,
    int replicas,
    int ready,
    int available,
    int current,
    int updated,
    String currentRevision,
    String updateRevision,
    int collisions) {

  static SetStatus of(SetPlan.Observed seen, List<Pod> pods) {
    String currentName = seen.current().name();
    String updateName = seen.update().name();
    int ready = 0;
    int available = 0;
    int current = 0;
    int updated = 0;
    for (Pod pod : pods) {
      if (Replica.isRunningAndReady(pod)) {
        ready++;
        available += PodState.isAvailable(pod, seen.desired().minReady(), seen.now()) ? 1 : 0;
      }
      if (!PodState.isTerminating(pod)) {
        current += Identity.revision(pod).equals(currentName) ? 1 : 0;
        updated += Identity.revision(pod).equals(updateName) ? 1 : 0;
      }
    }
    Long generation = seen.desired().set().getMetadata().getGeneration();
    return new SetStatus(
        generation == null ? 0 : generation,
        pods.size(),
        ready,
        available,
        current,
        updated,
        currentName,
        updateName,
        seen.collisions());
  }

  /// After pods of the current revision were deleted.
  SetStatus lessCurrent(int deleted) {
    return new SetStatus(
        generation,
        replicas,
        ready,
        available,
        current - deleted,
        updated,
        currentRevision,
        updateRevision,
        collisions);
  }

  /// A rolling update that has reached every pod makes its revision the current one.
  SetStatus completed(Desired desired) {
    if (!desired.isRolling()
        || updated != desired.replicas()
        || ready != desired.replicas()
        || replicas != desired.replicas()) {
      return this;
    }
    return new SetStatus(
        generation,
        replicas,
        ready,
        available,
        updated,
        updated,
        updateRevision,
        updateRevision,
        collisions);
  }

  boolean differs(@Nullable StatefulSetStatus before) {
    return before == null
        || generation
            > (before.getObservedGeneration() == null ? 0 : before.getObservedGeneration())
        || replicas != or(before.getReplicas())
        || ready != or(before.getReadyReplicas())
        || available != or(before.getAvailableReplicas())
        || current != or(before.getCurrentReplicas())
        || updated != or(before.getUpdatedReplicas())
        || !currentRevision.equals(before.getCurrentRevision())
        || !updateRevision.equals(before.getUpdateRevision());
  }

  private static int or(@Nullable Integer count) {
    return count == null ? 0 : count;
  }

  /// As Go writes it: some counts are left out when they are zero. Conditions are not kept.
  ObjectNode json() {
    ObjectNode status = Api.object();
    status.put("observedGeneration", generation).put("replicas", replicas);
    put(status, "readyReplicas", ready);
    put(status, "currentReplicas", current);
    put(status, "updatedReplicas", updated);
    status.put("currentRevision", currentRevision).put("updateRevision", updateRevision);
    status.put("collisionCount", collisions).put("availableReplicas", available);
    return status;
  }

  private static void put(ObjectNode status, String name, int count) {
    if (count != 0) {
      status.put(name, count);
    }
  }
}
