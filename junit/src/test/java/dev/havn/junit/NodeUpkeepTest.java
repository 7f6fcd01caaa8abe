// SPDX-License-Identifier: Apache-2.0
package dev.havn.junit;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.List;
import org.junit.jupiter.api.Test;

/// What is said of nodes that come and go, and what they are told.
@Havn
class NodeUpkeepTest {
  private static void node(KubernetesClient client, String name) {
    client
        .resource(new NodeBuilder().withNewMetadata().withName(name).endMetadata().build())
        .create();
  }

  private static List<String> told(KubernetesClient client, String node) {
    return client.v1().events().inNamespace("default").list().getItems().stream()
        .filter(event -> event.getInvolvedObject().getName().equals(node))
        .filter(event -> "node-controller".equals(event.getSource().getComponent()))
        .map(Event::getMessage)
        .toList();
  }

  @Test
  void nodesThatComeAndGoAreSaidTo(KubernetesClient client, Cluster cluster) {
    node(client, "n1");
    cluster.settle();
    assertThat(told(client, "n1"))
        .containsExactly("Node n1 event: Registered Node n1 in Controller");
    client.nodes().withName("n1").delete();
    cluster.settle();
    assertThat(told(client, "n1"))
        .containsExactlyInAnyOrder(
            "Node n1 event: Registered Node n1 in Controller",
            "Node n1 event: Removing Node n1 from Controller");
  }

  /// One that comes back under its name is another one.
  @Test
  void aNodeThatIsReplacedIsSaidToGoAndCome(KubernetesClient client, Cluster cluster) {
    node(client, "n1");
    cluster.settle();
    client.nodes().withName("n1").delete();
    node(client, "n1");
    cluster.settle();
    assertThat(told(client, "n1"))
        .hasSize(3)
        .filteredOn(each -> each.contains("Removing"))
        .hasSize(1);
  }

  @Test
  void eachNodeIsToldHowLongItMayKeepWhatItHasRead(KubernetesClient client, Cluster cluster) {
    node(client, "n1");
    cluster.settle();
    assertThat(client.nodes().list().getItems())
        .hasSize(2)
        .extracting(NodeUpkeepTest::ttl)
        .containsOnly("0");
  }

  private static String ttl(Node node) {
    return node.getMetadata().getAnnotations().get("node.alpha.kubernetes.io/ttl");
  }
}
