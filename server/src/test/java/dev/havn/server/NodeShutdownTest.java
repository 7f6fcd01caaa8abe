// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.havn.node.configuration.KubeletConfiguration;
import io.fabric8.kubernetes.api.model.NodeCondition;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NodeShutdownTest {
  @TempDir private Path folder;
  private EmbeddedCluster cluster;
  private KubernetesClient client;
  private ExtraNode rock;

  @BeforeEach
  void start() throws IOException {
    cluster = EmbeddedCluster.start(1);
    client = cluster.client();
    ObjectNode file = JsonNodeFactory.instance.objectNode();
    file.put("kind", "KubeletConfiguration").put("apiVersion", "kubelet.config.k8s.io/v1beta1");
    file.put("shutdownGracePeriod", "30s").put("shutdownGracePeriodCriticalPods", "10s");
    rock = new ExtraNode(cluster, folder, KubeletConfiguration.of(file));
  }

  @AfterEach
  void close() {
    rock.close();
    cluster.close();
  }

  private void create(String name, String priorityClass) {
    Pod pod =
        new PodBuilder()
            .withNewMetadata()
            .withName(name)
            .endMetadata()
            .withNewSpec()
            .withNodeName(ExtraNode.NAME)
            .withPriorityClassName(priorityClass)
            .addNewContainer()
            .withName("c")
            .withImage("r.test/c:1")
            .endContainer()
            .endSpec()
            .build();
    client.pods().inNamespace("kube-system").resource(pod).create();
    cluster.settle();
  }

  private Pod pod(String name) {
    return client.pods().inNamespace("kube-system").withName(name).get();
  }

  private String phase(String name) {
    return pod(name).getStatus().getPhase();
  }

  @Test
  void podsEndAndCriticalOnesLast() {
    create("usual", null);
    create("critical", "system-node-critical");
    CompletableFuture<Void> done = rock.node().shutDown();
    cluster.settle();
    assertThat(phase("usual")).isEqualTo("Failed");
    assertThat(phase("critical")).isEqualTo("Running");
    cluster.advance(Duration.ofSeconds(1));
    assertThat(phase("critical")).isEqualTo("Failed");
    assertThat(done).isCompleted();
    assertThat(pod("usual").getStatus().getReason()).isEqualTo("Terminated");
    assertThat(pod("usual").getStatus().getMessage())
        .isEqualTo("Pod was terminated in response to imminent node shutdown.");
    assertThat(pod("usual").getStatus().getConditions())
        .filteredOn(each -> each.getType().equals("DisruptionTarget"))
        .singleElement()
        .extracting(PodCondition::getStatus, PodCondition::getReason)
        .containsExactly("True", "TerminationByKubelet");
  }

  @Test
  void aNodeThatGoesDownSaysSoAndTakesNoMorePods() {
    CompletableFuture<Void> done = rock.node().shutDown();
    cluster.advance(Duration.ofSeconds(1));
    assertThat(client.nodes().withName(ExtraNode.NAME).get().getStatus().getConditions())
        .filteredOn(each -> each.getType().equals("Ready"))
        .singleElement()
        .extracting(NodeCondition::getStatus, NodeCondition::getReason, NodeCondition::getMessage)
        .containsExactly("False", "KubeletNotReady", "node is shutting down");
    assertThat(done).isCompleted();
    create("late", null);
    assertThat(rock.runtime().pods()).isEmpty();
  }
}
