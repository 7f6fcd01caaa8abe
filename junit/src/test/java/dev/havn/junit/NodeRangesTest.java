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

    List<Node> gone = List.of(named(client, "more-0"), named(client, "more-1"));
    // Also one that waits itself goes: it is not waited for.
    client.nodes().withName(waiting.getFirst()).delete();
    gone.forEach(node -> client.resource(node).delete());
    cluster.settle();
    assertThat(withoutRange(client)).hasSize(waiting.size() - 3);
    List<String> free = gone.stream().map(node -> node.getSpec().getPodCIDR()).toList();
    assertThat(client.nodes().list().getItems())
        .filteredOn(node -> free.contains(node.getSpec().getPodCIDR()))
        .extracting(node -> node.getMetadata().getName())
        .isSubsetOf(waiting)
        .hasSize(2);
  }

  private static Node named(KubernetesClient client, String name) {
    return client.nodes().withName(name).get();
  }
}
