// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.NamespaceCondition;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Pods that are asked to go on a node that nobody runs, so that they stay.
class LeavingPodsTest {
  private EmbeddedCluster cluster;
  private KubernetesClient client;

  @BeforeEach
  void start() {
    cluster = EmbeddedCluster.start(0);
    client = cluster.client();
    String node =
        """
        apiVersion: v1
        kind: Node
        metadata: {name: ghost}
        status:
          allocatable: {cpu: "1", memory: 1Gi, pods: "10"}
          capacity: {cpu: "1", memory: 1Gi, pods: "10"}
          conditions: [{type: Ready, status: "True", reason: KubeletReady}]
        """;
    client.resource(node).create();
    client.resource(node).patchStatus();
    client
        .resource(
            """
            apiVersion: v1
            kind: Namespace
            metadata: {name: shop}
            """)
        .create();
    cluster.advance(Duration.ofSeconds(1));
  }

  @AfterEach
  void close() {
    cluster.close();
  }

  private void pod(String name, int priority) {
    client
        .resource(
            """
            apiVersion: scheduling.k8s.io/v1
            kind: PriorityClass
            metadata: {name: p%d}
            value: %d
            """
                .formatted(priority, priority))
        .create();
    client
        .resource(
            """
            apiVersion: v1
            kind: Pod
            metadata: {name: %s, namespace: shop}
            spec:
              priorityClassName: p%d
              terminationGracePeriodSeconds: 5
              containers: [{name: c, image: 'example/c:1', resources: {requests: {cpu: 800m}}}]
            """
                .formatted(name, priority))
        .create();
    cluster.advance(Duration.ofSeconds(1));
  }

  private List<String> conditions(String type) {
    return client.namespaces().withName("shop").get().getStatus().getConditions().stream()
        .filter(each -> each.getType().equals(type))
        .map((NamespaceCondition each) -> each.getStatus() + ": " + each.getMessage())
        .toList();
  }

  @Test
  void aNamespaceCountsNothingBeforeItsPodsAreGoneAndSaysWhenTheyShouldBe() {
    pod("web", 1);
    client.namespaces().withName("shop").delete();
    cluster.advance(Duration.ofSeconds(3));
    assertThat(conditions("NamespaceContentRemaining"))
        .containsExactly("False: All content successfully removed");
    assertThat(conditions("NamespaceDeletionContentFailure"))
        .containsExactly("False: All content successfully deleted, may be waiting on finalization");
    cluster.advance(Duration.ofSeconds(5));
    assertThat(conditions("NamespaceDeletionContentFailure"))
        .containsExactly(
            "True: Failed to delete all resource types, 1 remaining: unexpected items still remain"
                + " in namespace: shop for gvr: /v1, Resource=pods");
    assertThat(conditions("NamespaceContentRemaining"))
        .containsExactly("False: All content successfully removed");
    client.pods().inNamespace("shop").withName("web").withGracePeriod(0).delete();
    cluster.advance(Duration.ofSeconds(5));
    assertThat(client.namespaces().withName("shop").get()).isNull();
  }

  @Test
  void whyAPodIsPreemptedStandsBehindWhatItSaidBefore() {
    pod("low", 1);
    pod("high", 2);
    assertThat(client.pods().inNamespace("shop").withName("low").get().getStatus().getConditions())
        .extracting(PodCondition::getType)
        .containsExactly("PodScheduled", "DisruptionTarget");
  }
}
