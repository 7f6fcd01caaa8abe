// SPDX-License-Identifier: Apache-2.0
package dev.havn.junit;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Simulated nodes that share what their process knows of pods.
class ManyNodesTest {
  private static Pod pod(String node) {
    return new PodBuilder()
        .withNewMetadata()
        .withName("on-" + node)
        .withNamespace("default")
        .endMetadata()
        .withNewSpec()
        .withNodeName(node)
        .addNewContainer()
        .withName("c")
        .withImage("example/c:1")
        .withNewReadinessProbe()
        .withInitialDelaySeconds(5)
        .withNewHttpGet()
        .withPath("/")
        .withPort(new IntOrString(80))
        .endHttpGet()
        .endReadinessProbe()
        .endContainer()
        .endSpec()
        .build();
  }

  private static String ready(KubernetesClient client, String pod) {
    return client
        .pods()
        .inNamespace("default")
        .withName(pod)
        .get()
        .getStatus()
        .getConditions()
        .stream()
        .filter(each -> each.getType().equals("Ready"))
        .findFirst()
        .orElseThrow()
        .getStatus();
  }

  @Test
  void eachRunsItsOwnPodsAndLetsThemGo() {
    try (Cluster cluster = Cluster.start(20)) {
      KubernetesClient client = cluster.client();
      assertThat(client.nodes().list().getItems()).hasSize(20).allMatch(ManyNodesTest::isReady);
      List<String> nodes = List.of("havn-3", "havn-19");
      nodes.forEach(node -> client.resource(pod(node)).create());
      cluster.settle();
      for (String node : nodes) {
        Pod pod = client.pods().inNamespace("default").withName("on-" + node).get();
        assertThat(pod.getStatus().getPhase()).isEqualTo("Running");
        assertThat(pod.getStatus().getPodIP())
            .isEqualTo("10.244." + node.substring("havn-".length()) + ".2");
        assertThat(ready(client, "on-" + node)).isEqualTo("False");
      }
      cluster.time().advance(Duration.ofSeconds(20));
      assertThat(nodes).allMatch(node -> ready(client, "on-" + node).equals("True"));
      client.resource(pod("havn-3")).delete();
      cluster.time().advance(Duration.ofSeconds(31));
      assertThat(client.pods().inNamespace("default").list().getItems())
          .extracting(each -> each.getMetadata().getName())
          .containsExactly("on-havn-19");
    }
  }

  private static boolean isReady(Node node) {
    return node.getStatus().getConditions().stream()
        .anyMatch(each -> each.getType().equals("Ready") && each.getStatus().equals("True"));
  }
}
