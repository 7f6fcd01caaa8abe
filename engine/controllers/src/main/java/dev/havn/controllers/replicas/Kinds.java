// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.replicas;

import com.fasterxml.jackson.databind.JsonNode;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.LabelSelectors;
import io.fabric8.kubernetes.api.model.ReplicationController;
import io.fabric8.kubernetes.api.model.apps.ReplicaSet;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The two kinds that keep replicas.
public final class Kinds {
  private Kinds() {}

  public static ReplicaSetReconciler.Kind<ReplicaSet> replicaSets() {
    return new ReplicaSets();
  }

  public static ReplicaSetReconciler.Kind<ReplicationController> replicationControllers() {
    return new ReplicationControllers();
  }

  private static int or(@Nullable Integer value, int otherwise) {
    return value == null ? otherwise : value;
  }

  private record ReplicaSets() implements ReplicaSetReconciler.Kind<ReplicaSet> {
    @Override
    public Class<ReplicaSet> type() {
      return ReplicaSet.class;
    }

    @Override
    public ReplicaPlan.Desired desired(ReplicaSet set) {
      return new ReplicaPlan.Desired(
          set.getMetadata().getDeletionTimestamp() != null,
          or(set.getSpec().getReplicas(), 1),
          Duration.ofSeconds(or(set.getSpec().getMinReadySeconds(), 0)),
          labels -> LabelSelectors.matches(set.getSpec().getSelector(), labels),
          set.getSpec().getTemplate());
    }

    @Override
    public JsonNode status(Api api, ReplicaSet set) {
      return set.getStatus() == null ? Api.object() : api.toTree(set.getStatus());
    }
  }

  private record ReplicationControllers()
      implements ReplicaSetReconciler.Kind<ReplicationController> {
    @Override
    public Class<ReplicationController> type() {
      return ReplicationController.class;
    }

    @Override
    public ReplicaPlan.Desired desired(ReplicationController set) {
      Map<String, String> selector = set.getSpec().getSelector();
      return new ReplicaPlan.Desired(
          set.getMetadata().getDeletionTimestamp() != null,
          or(set.getSpec().getReplicas(), 1),
          Duration.ofSeconds(or(set.getSpec().getMinReadySeconds(), 0)),
          labels -> !selector.isEmpty() && labels.entrySet().containsAll(selector.entrySet()),
          set.getSpec().getTemplate());
    }

    @Override
    public JsonNode status(Api api, ReplicationController set) {
      return set.getStatus() == null ? Api.object() : api.toTree(set.getStatus());
    }
  }
}
