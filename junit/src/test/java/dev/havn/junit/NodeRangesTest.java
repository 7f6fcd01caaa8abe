// SPDX-License-Identifier: Apache-2.0
package dev.havn.junit;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/// More nodes than ranges for their pods.
@Havn
class NodeRangesTest {
  private static List<String> withoutRange(KubernetesClient client) {
    return client.nodes().list().getItems().stream()
        .filter(node -> node.getSpec().getPodCIDR() == null)
        .map(node -> node.getMetadata().getName())
        .toList();
  }

  @Test
  void whoGetsNoneIsToldOnceAndGetsTheRangeOfOneThatGoes(KubernetesClient client, Cluster cluster) {
    for (int i = 0; i < 260; i++) {
      client
          .resource(new NodeBuilder().withNewMetadata().withName("more-" + i).endMetadata().build())
          .create();
    }
    cluster.settle();
    cluster.time().advance(Duration.ofMinutes(3));

    List<String> waiting = withoutRange(client);
    assertThat(waiting).isNotEmpty();
    List<Event> events =
        client.v1().events().inNamespace("default").list().getItems().stream()
            .filter(event -> event.getReason().equals("CIDRNotAvailable"))
            .toList();
    assertThat(events)
        .hasSize(waiting.size())
        .allMatch(event -> event.getCount() == 1)
        .extracting(Event::getMessage)
        .contains("Node " + waiting.getFirst() + " status is now: CIDRNotAvailable");

    Node gone = client.nodes().withName("more-0").get();
    client.resource(gone).delete();
    cluster.settle();
    List<String> left = withoutRange(client);
    assertThat(left).hasSize(waiting.size() - 1);
    assertThat(client.nodes().list().getItems())
        .filteredOn(node -> gone.getSpec().getPodCIDR().equals(node.getSpec().getPodCIDR()))
        .extracting(node -> node.getMetadata().getName())
        .isSubsetOf(waiting)
        .hasSize(1);
  }
}
