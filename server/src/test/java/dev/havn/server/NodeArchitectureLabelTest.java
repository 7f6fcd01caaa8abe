// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.node.configuration.KubeletConfiguration;
import dev.havn.node.image.Platform;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeCondition;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NodeArchitectureLabelTest {
  private static final String LABEL = "kubernetes.io/arch";
  private static final String OTHER = Platform.architecture().equals("arm64") ? "amd64" : "arm64";

  @TempDir private Path folder;
  private EmbeddedCluster cluster;
  private KubernetesClient client;

  @BeforeEach
  void start() {
    cluster = EmbeddedCluster.start(1);
    client = cluster.client();
  }

  @AfterEach
  void close() {
    cluster.close();
  }

  private void label(String node, String architecture) {
    client
        .nodes()
        .withName(node)
        .edit(
            each -> {
              each.getMetadata().getLabels().put(LABEL, architecture);
              return each;
            });
    cluster.advance(Duration.ofMinutes(2));
  }

  private static String architecture(Node node) {
    return node.getStatus().getNodeInfo().getArchitecture();
  }

  @Test
  void aSimulatedNodeIsOfTheArchitectureThatItIsLabelledWith() {
    String name = client.nodes().list().getItems().getFirst().getMetadata().getName();
    assertThat(architecture(client.nodes().withName(name).get()))
        .isEqualTo(Platform.architecture());
    label(name, OTHER);
    Node node = client.nodes().withName(name).get();
    assertThat(architecture(node)).isEqualTo(OTHER);
    assertThat(node.getMetadata().getLabels())
        .containsEntry(LABEL, OTHER)
        .containsEntry("beta.kubernetes.io/arch", OTHER);
    assertThat(ready(node).getStatus()).isEqualTo("True");
  }

  @Test
  void oneThatDoesNotRunItKeepsTheLabelAndIsNotReadyUntilThatChanges() throws IOException {
    try (ExtraNode rock = new ExtraNode(cluster, folder, KubeletConfiguration.STANDARD)) {
      label(rock.node().name(), OTHER);
      Node node = rock();
      assertThat(ready(node).getStatus()).isEqualTo("False");
      assertThat(ready(node).getReason()).isEqualTo("KubeletNotReady");
      assertThat(ready(node).getMessage())
          .startsWith("the node is labelled kubernetes.io/arch=" + OTHER);
      assertThat(Readiness.of(node).isEnough()).as("up waits for no such node").isTrue();
      assertThat(architecture(node)).isEqualTo(Platform.architecture());
      assertThat(node.getMetadata().getLabels()).containsEntry(LABEL, OTHER);
    }
    try (ExtraNode rock = new ExtraNode(cluster, folder, KubeletConfiguration.STANDARD)) {
      assertThat(rock().getMetadata().getLabels()).containsEntry(LABEL, OTHER);
      assertThat(ready(rock()).getStatus()).isEqualTo("False");
      label(rock.node().name(), Platform.architecture());
      assertThat(ready(rock()).getStatus()).isEqualTo("True");
    }
  }

  private Node rock() {
    return client.nodes().withName(ExtraNode.NAME).get();
  }

  private static NodeCondition ready(Node node) {
    return node.getStatus().getConditions().stream()
        .filter(each -> each.getType().equals("Ready"))
        .findFirst()
        .orElseThrow();
  }
}
