// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.reconcile.Api;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Taint;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// A node `ghost` that nobody runs, beside one that lives.
class NodeLifecycleTest {
  private EmbeddedCluster cluster;
  private KubernetesClient client;

  @BeforeEach
  void start() {
    cluster = EmbeddedCluster.start(1);
    client = cluster.client();
    Node ghost = new NodeBuilder().withNewMetadata().withName("ghost").endMetadata().build();
    client.resource(ghost).create();
    Node ready =
        new NodeBuilder(ghost)
            .withNewStatus()
            .addNewCondition()
            .withType("Ready")
            .withStatus("True")
            .withReason("KubeletReady")
            .endCondition()
            .endStatus()
            .build();
    client.resource(ready).patchStatus();
    client.resource(pod("haunted", 30L)).create();
    Pod running =
        new PodBuilder(pod("haunted", 30L))
            .withNewStatus()
            .withPhase("Running")
            .addNewCondition()
            .withType("Ready")
            .withStatus("True")
            .endCondition()
            .endStatus()
            .build();
    client.resource(running).patchStatus();
    cluster.settle();
  }

  @AfterEach
  void close() {
    cluster.close();
  }

  private static Pod pod(String name, Long tolerationSeconds) {
    return new PodBuilder()
        .withNewMetadata()
        .withNamespace("default")
        .withName(name)
        .endMetadata()
        .withNewSpec()
        .withNodeName("ghost")
        .addNewContainer()
        .withName("c")
        .withImage("example/c:1")
        .endContainer()
        .addNewToleration()
        .withKey("node.kubernetes.io/unreachable")
        .withOperator("Exists")
        .withEffect("NoExecute")
        .withTolerationSeconds(tolerationSeconds)
        .endToleration()
        .endSpec()
        .build();
  }

  private Pod haunted() {
    return client.pods().inNamespace("default").withName("haunted").get();
  }

  private List<String> taints() {
    return client.nodes().withName("ghost").get().getSpec().getTaints().stream()
        .map((Taint taint) -> taint.getKey() + ":" + taint.getEffect())
        .toList();
  }

  @Test
  void aSilentNodeIsUnknownAndItsPodsLeaveWhenTheirTolerationEnds() {
    assertThat(taints()).isEmpty();
    cluster.advance(Duration.ofSeconds(60));
    assertThat(taints())
        .containsExactlyInAnyOrder(
            "node.kubernetes.io/unreachable:NoSchedule",
            "node.kubernetes.io/unreachable:NoExecute");
    assertThat(client.nodes().withName("havn").get().getSpec().getTaints()).isEmpty();
    assertThat(haunted().getStatus().getConditions())
        .anySatisfy(
            condition -> {
              assertThat(condition.getType()).isEqualTo("Ready");
              assertThat(condition.getStatus()).isEqualTo("False");
            });
    assertThat(haunted().getMetadata().getDeletionTimestamp()).isNull();
    cluster.advance(Duration.ofSeconds(40));
    assertThat(haunted().getMetadata().getDeletionTimestamp()).isNotNull();
    assertThat(haunted().getStatus().getConditions())
        .anySatisfy(
            condition -> assertThat(condition.getReason()).isEqualTo("DeletionByTaintManager"));
    assertThat(client.v1().events().inNamespace("default").list().getItems())
        .extracting(Event::getReason)
        .contains("NodeNotReady", "TaintManagerEviction");
  }

  @Test
  void podsOfADeletedNodeAreRemoved() {
    client.nodes().withName("ghost").delete();
    cluster.advance(Duration.ofSeconds(20));
    assertThat(haunted()).isNotNull();
    cluster.advance(Duration.ofSeconds(60));
    assertThat(haunted()).isNull();
  }

  @Test
  void aCordonedNodeIsTainted() {
    Api api = new Api(client);
    var patch = Api.object();
    patch.putObject("spec").put("unschedulable", true);
    api.merge("/api/v1/nodes/ghost", patch);
    cluster.settle();
    assertThat(taints()).containsExactly("node.kubernetes.io/unschedulable:NoSchedule");
    patch.putObject("spec").put("unschedulable", false);
    api.merge("/api/v1/nodes/ghost", patch);
    cluster.settle();
    assertThat(taints()).isEmpty();
  }

  /// After a sleep of the machine leases are old at once; the living node is found silent and says
  /// itself that it is not.
  @Test
  void aNodeThatSpeaksAgainIsReady() {
    cluster.jump(Duration.ofHours(8));
    cluster.advance(Duration.ofSeconds(5));
    cluster.advance(Duration.ofSeconds(30));
    Node living = client.nodes().withName("havn").get();
    assertThat(living.getStatus().getConditions())
        .filteredOn(condition -> condition.getType().equals("Ready"))
        .first()
        .satisfies(condition -> assertThat(condition.getStatus()).isEqualTo("True"));
    assertThat(living.getSpec().getTaints()).isEmpty();
  }

  @Test
  void whatANamespaceMustHaveComesBack() {
    client.serviceAccounts().inNamespace("default").withName("default").delete();
    client.configMaps().inNamespace("default").withName("kube-root-ca.crt").delete();
    cluster.settle();
    assertThat(client.serviceAccounts().inNamespace("default").withName("default").get())
        .isNotNull();
    assertThat(client.configMaps().inNamespace("default").withName("kube-root-ca.crt").get())
        .isNotNull();
  }
}
