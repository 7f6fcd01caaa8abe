// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.controllers.deployment.DeploymentReconciler;
import dev.havn.reconcile.Api;
import dev.havn.reconcile.Events;
import dev.havn.reconcile.Informers;
import dev.havn.reconcile.Reconciler;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.PodSpecBuilder;
import io.fabric8.kubernetes.api.model.ServiceAccountBuilder;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import io.fabric8.kubernetes.api.model.apps.ReplicaSet;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;

/// A cluster without controllers, for one that is called by hand. Its caches show what was written
/// only when the test says so: what happens between a write and its sight can be told step by step.
final class LateCaches implements AutoCloseable {
  /// Of pods.
  static final Map<String, String> LABELS = Map.of("app", "web");

  private final EmbeddedCluster cluster = EmbeddedCluster.start(1);
  private final Informers informers = new Informers(api("admin"), cluster.time());
  private int namespaces;

  /// The cluster's own controllers are sent away for longer than any test lasts.
  LateCaches() {
    client()
        .leases()
        .inNamespace("kube-system")
        .withName("kube-controller-manager")
        .edit(
            lease -> {
              lease.getSpec().setHolderIdentity("nobody");
              lease.getSpec().setLeaseDurationSeconds(1_000_000_000);
              lease.getSpec().setRenewTime(cluster.now().atZone(ZoneOffset.UTC));
              return lease;
            });
    cluster.advance(Duration.ofSeconds(30));
  }

  KubernetesClient client() {
    return cluster.client();
  }

  EmbeddedCluster cluster() {
    return cluster;
  }

  /// A namespace that no other test uses.
  String namespace() {
    String name = "late-" + namespaces++;
    client()
        .resource(new NamespaceBuilder().withNewMetadata().withName(name).endMetadata().build())
        .create();
    client()
        .resource(
            new ServiceAccountBuilder()
                .withNewMetadata()
                .withNamespace(name)
                .withName("default")
                .endMetadata()
                .build())
        .create();
    return name;
  }

  Informers informers() {
    return informers;
  }

  /// The API for somebody with the rights that roles give.
  Api plainApi(String user) {
    return new Api(cluster.clientOf(user, List.of()));
  }

  /// The API with all rights.
  Api api(String user) {
    return new Api(cluster.clientOf(user, List.of("system:masters")));
  }

  Events events() {
    return events(api("admin"));
  }

  Events events(Api api) {
    return new Events(api, "test", "", cluster.time());
  }

  /// What rolls Deployments out, and tells of them with the same rights. Its caches see what is
  /// there now.
  Reconciler rollouts(Api api) {
    Reconciler rollouts =
        new DeploymentReconciler(
            informers.of(Deployment.class),
            informers.of(ReplicaSet.class),
            informers.of(Pod.class),
            api,
            events(api),
            cluster.time());
    catchUp();
    return rollouts;
  }

  /// A Deployment `web`.
  static DeploymentBuilder web(String namespace) {
    return new DeploymentBuilder()
        .withNewMetadata()
        .withNamespace(namespace)
        .withName("web")
        .endMetadata()
        .withNewSpec()
        .withNewSelector()
        .withMatchLabels(LABELS)
        .endSelector()
        .withNewTemplate()
        .withNewMetadata()
        .withLabels(LABELS)
        .endMetadata()
        .withSpec(podSpec())
        .endTemplate()
        .endSpec();
  }

  static PodSpec podSpec() {
    return new PodSpecBuilder()
        .addNewContainer()
        .withName("c")
        .withImage("example/c:1")
        .endContainer()
        .build();
  }

  /// Lets the caches see everything.
  void catchUp() {
    cluster.settle();
  }

  @Override
  public void close() {
    informers.close();
    cluster.close();
  }
}
