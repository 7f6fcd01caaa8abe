// SPDX-License-Identifier: Apache-2.0
package dev.havn.junit;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.scheduling.v1.PriorityClassBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Important pods on nodes that are full, and that nobody runs: pods that have to go stay until the
/// test lets them.
@Havn
class PreemptionTest {
  private static final int NODES = 6;
  private static final int LOW_A_NODE = 4;

  private static void node(KubernetesClient client, String name) {
    client
        .resource(
            new NodeBuilder()
                .withNewMetadata()
                .withName(name)
                .addToLabels("only", "object")
                .endMetadata()
                .withNewStatus()
                .withAllocatable(
                    Map.of(
                        "cpu", new Quantity(String.valueOf(LOW_A_NODE)),
                        "memory", new Quantity("8Gi"),
                        "pods", new Quantity("110")))
                .addNewCondition()
                .withType("Ready")
                .withStatus("True")
                .withReason("Test")
                .endCondition()
                .endStatus()
                .build())
        .create();
  }

  private static void priority(KubernetesClient client, String name, int value) {
    client
        .resource(
            new PriorityClassBuilder()
                .withNewMetadata()
                .withName(name)
                .endMetadata()
                .withValue(value)
                .build())
        .create();
  }

  private static void create(KubernetesClient client, String name, String priority, String cpu) {
    client
        .resource(
            new PodBuilder()
                .withNewMetadata()
                .withName(name)
                .withNamespace("default")
                .endMetadata()
                .withNewSpec()
                .withPriorityClassName(priority)
                .addToNodeSelector("only", "object")
                .addNewContainer()
                .withName("a")
                .withImage("example.com/a")
                .withNewResources()
                .addToRequests("cpu", new Quantity(cpu))
                .endResources()
                .endContainer()
                .endSpec()
                .build())
        .create();
  }

  private static List<Pod> placed(KubernetesClient client, String priority) {
    return client.pods().inNamespace("default").list().getItems().stream()
        .filter(pod -> pod.getSpec().getPriorityClassName().equals(priority))
        .filter(pod -> pod.getSpec().getNodeName() != null)
        .toList();
  }

  /// How often the scheduler found no place for a pod.
  private static long refusals(KubernetesClient client) {
    String sample = "workqueue_retries_total{name=\"scheduler\"} ";
    return client
        .raw("/metrics")
        .lines()
        .filter(line -> line.startsWith(sample))
        .mapToLong(line -> Long.parseLong(line.substring(sample.length())))
        .sum();
  }

  /// Of three pods that go the first two leave too little, and the last leaves what is meant for
  /// one: the others are not looked at again for it.
  @Test
  void whoWaitsForOthersToGoIsNotLookedAtForEachOfThem(KubernetesClient client, Cluster cluster) {
    priority(client, "low", 1);
    priority(client, "high", 1_000);
    for (int i = 0; i < NODES; i++) {
      node(client, "object-" + i);
    }
    for (int i = 0; i < NODES * LOW_A_NODE; i++) {
      create(client, "low-" + i, "low", "1");
    }
    cluster.settle();
    assertThat(placed(client, "low")).hasSize(NODES * LOW_A_NODE);

    long before = refusals(client);
    for (int i = 0; i < NODES; i++) {
      create(client, "high-" + i, "high", "3");
    }
    cluster.settle();
    List<Pod> going =
        placed(client, "low").stream()
            .filter(pod -> pod.getMetadata().getDeletionTimestamp() != null)
            .toList();
    assertThat(going).hasSize(NODES * 3);
    for (Pod each : going) {
      client.resource(each).withGracePeriod(0).delete();
      cluster.settle();
    }

    assertThat(placed(client, "high"))
        .hasSize(NODES)
        .extracting(pod -> pod.getSpec().getNodeName())
        .doesNotHaveDuplicates();
    // Each once, when it came.
    assertThat(refusals(client) - before).isEqualTo(NODES);
  }
}
