// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.controllers.garbage.GarbageCollector;
import dev.havn.controllers.nodes.PodGarbage;
import dev.havn.reconcile.Events;
import dev.havn.reconcile.Informers;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Controllers beside those of a cluster, to whom the API refuses one thing for ever.
class RefusedControllersTest {
  private EmbeddedCluster cluster;

  @BeforeEach
  void start() {
    cluster = EmbeddedCluster.start(1);
  }

  @AfterEach
  void close() {
    cluster.close();
  }

  @Test
  void aKindThatCannotBeWatchedKeepsNoGarbageOfOthers() {
    String owner = "/api/v1/namespaces/default/configmaps/nobody";
    try (RefusingApi refusing =
            new RefusingApi(cluster, each -> each.startsWith("GET /api/v1/secrets?"));
        Informers informers = new Informers(refusing.api(), cluster.time());
        GarbageCollector collector =
            new GarbageCollector(
                refusing.api(),
                new Events(refusing.api(), "garbage-collector", "", cluster.time()),
                informers,
                cluster.time(),
                cluster.time())) {
      collector.start();
      cluster.advance(Duration.ofSeconds(40));
      cluster
          .client()
          .resource(
              new ConfigMapBuilder()
                  .withNewMetadata()
                  .withNamespace("default")
                  .withName("orphan")
                  .addNewOwnerReference()
                  .withApiVersion("v1")
                  .withKind("ConfigMap")
                  .withName("nobody")
                  .withUid("0b4a6e0c-0000-4000-8000-000000000001")
                  .endOwnerReference()
                  .withFinalizers("example.test/stays")
                  .endMetadata()
                  .build())
          .create();
      cluster.settle();
      assertThat(refusing.asked()).contains("GET " + owner);
      assertThat(collector.hasSynced("secrets")).as("for quotas").isFalse();
      assertThat(collector.hasSynced("configmaps")).isTrue();
    }
  }

  @Test
  void aPodThatCannotBeDeletedKeepsNoOtherFromIt() {
    try (RefusingApi refusing =
            new RefusingApi(
                cluster, each -> each.startsWith("DELETE ") && each.contains("/pods/stuck"));
        Informers informers = new Informers(refusing.api(), cluster.time())) {
      for (String name : List.of("stuck-a", "other-b", "stuck-c", "other-d")) {
        cluster.client().resource(pod(name)).create();
        cluster.client().pods().inNamespace("default").withName(name).delete();
      }
      PodGarbage garbage =
          new PodGarbage(
              informers.of(Pod.class),
              informers.of(Node.class),
              refusing.api(),
              cluster.time(),
              PodGarbage.FINISHED_MAX);
      cluster.settle();
      assertThat(garbage.reconcile(PodGarbage.ALL).again()).isEqualTo(Duration.ofSeconds(20));
      assertThat(refusing.asked())
          .filteredOn(each -> each.startsWith("DELETE "))
          .hasSize(4)
          .anyMatch(each -> each.contains("other-b"))
          .anyMatch(each -> each.contains("other-d"));
    }
  }

  /// Never on a node, and terminating because of a finalizer.
  private static Pod pod(String name) {
    return new PodBuilder()
        .withNewMetadata()
        .withNamespace("default")
        .withName(name)
        .withFinalizers("example.test/stays")
        .endMetadata()
        .withNewSpec()
        .addNewSchedulingGate("example.test/never")
        .addNewContainer()
        .withName("c")
        .withImage("example/c:1")
        .endContainer()
        .endSpec()
        .build();
  }
}
