// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers;

import dev.havn.controllers.deployment.DeploymentReconciler;
import dev.havn.controllers.replicas.Kinds;
import dev.havn.controllers.replicas.ReplicaSetReconciler;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Controller;
import dev.havn.reconcile.Events;
import dev.havn.reconcile.Informer;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.ReplicationController;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.ReplicaSet;
import java.util.function.Predicate;

/// What keeps pods running: Deployments, ReplicaSets, ReplicationControllers.
record WorkloadControllers(Wiring wiring) {
  void add() {
    Informer<Pod> pods = wiring.informers().podOutlines();
    Informer<ReplicaSet> sets = wiring.informers().of(ReplicaSet.class);
    Api setApi = wiring.api("replicaset-controller");
    Controller replicaSets =
        wiring.add(
            "replicaset",
            new ReplicaSetReconciler<>(
                Kinds.replicaSets(),
                sets,
                pods,
                setApi,
                new Events(setApi, "replicaset-controller", "", wiring.clock()),
                wiring.clock(),
                wiring.batches()),
            Wiring.WORKERS,
            sets,
            pods);
    Wiring.watch(sets, replicaSets);
    Wiring.watchOwned(pods, replicaSets, "ReplicaSet");
    watchOrphans(pods, replicaSets, sets);
    replicationControllers(pods);
    deployments(sets, pods);
  }

  private void deployments(Informer<ReplicaSet> sets, Informer<Pod> pods) {
    Informer<Deployment> deployments = wiring.informers().of(Deployment.class);
    Api api = wiring.api("deployment-controller");
    Controller rollouts =
        wiring.add(
            "deployment",
            new DeploymentReconciler(
                deployments,
                sets,
                pods,
                api,
                new Events(api, "deployment-controller", "", wiring.clock()),
                wiring.clock()),
            Wiring.WORKERS,
            deployments,
            sets,
            pods);
    Wiring.watch(deployments, rollouts);
    Wiring.watchOwned(sets, rollouts, "Deployment");
    sets.onChange(
        (_, after) -> {
          if (after != null && after.getMetadata().getOwnerReferences().isEmpty()) {
            deployments
                .list(after.getMetadata().getNamespace())
                .forEach(each -> rollouts.add(Informer.keyOf(each)));
          }
        });
    pods.onChange(
        (_, after) -> {
          if (after == null) {
            deployments.list().stream()
                .filter(
                    each ->
                        each.getSpec().getStrategy() != null
                            && "Recreate".equals(each.getSpec().getStrategy().getType()))
                .forEach(each -> rollouts.add(Informer.keyOf(each)));
          }
        });
  }

  private void replicationControllers(Informer<Pod> pods) {
    Informer<ReplicationController> old = wiring.informers().of(ReplicationController.class);
    Api oldApi = wiring.api("replication-controller");
    Controller replicationControllers =
        wiring.add(
            "replication-controller",
            new ReplicaSetReconciler<>(
                Kinds.replicationControllers(),
                old,
                pods,
                oldApi,
                new Events(oldApi, "replication-controller", "", wiring.clock()),
                wiring.clock(),
                wiring.batches()),
            Wiring.WORKERS,
            old,
            pods);
    Wiring.watch(old, replicationControllers);
    Wiring.watchOwned(pods, replicationControllers, "ReplicationController");
    watchOrphans(pods, replicationControllers, old);
  }

  /// A pod without controller may match any set of its namespace.
  private static <T extends HasMetadata> void watchOrphans(
      Informer<Pod> pods, Controller controller, Informer<T> sets) {
    Predicate<Pod> orphan = pod -> dev.havn.controllers.replicas.PodState.controller(pod) == null;
    pods.onChange(
        (_, after) -> {
          if (after != null && orphan.test(after)) {
            sets.list(after.getMetadata().getNamespace())
                .forEach(set -> controller.add(Informer.keyOf(set)));
          }
        });
  }
}
