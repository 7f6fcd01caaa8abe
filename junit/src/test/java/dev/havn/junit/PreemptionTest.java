// SPDX-License-Identifier: Apache-2.0
package dev.havn.junit;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.scheduling.v1.PriorityClassBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Many important pods at once on nodes that are full.
@Havn(nodes = PreemptionTest.NODES)
class PreemptionTest {
  static final int NODES = 12;
  private static final int LOW_A_NODE = 4;

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

  private static void create(KubernetesClient client, String name, String priority, Quantity cpu) {
    client
        .resource(
            new PodBuilder()
                .withNewMetadata()
                .withName(name)
                .withNamespace("default")
                .endMetadata()
                .withNewSpec()
                .withPriorityClassName(priority)
                .addNewContainer()
                .withName("a")
                .withImage("example.com/a")
                .withNewResources()
                .addToRequests("cpu", cpu)
                .endResources()
                .endContainer()
                .endSpec()
                .build())
        .create();
  }

  private static List<Pod> running(KubernetesClient client, String priority) {
    return client.pods().inNamespace("default").list().getItems().stream()
        .filter(pod -> pod.getSpec().getPriorityClassName().equals(priority))
        .filter(pod -> pod.getStatus().getPhase().equals("Running"))
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

  /// Each of the pods that go frees too little, and the last of three frees what is meant for one:
  /// the others are not looked at again for it.
  @Test
  void whoWaitsForOthersToGoIsNotLookedAtForEachOfThem(KubernetesClient client, Cluster cluster) {
    priority(client, "low", 1);
    priority(client, "high", 1_000);
    long milli =
        client
                .nodes()
                .list()
                .getItems()
                .getFirst()
                .getStatus()
                .getAllocatable()
                .get("cpu")
                .getNumericalAmount()
                .longValueExact()
            * 1_000;
    for (int i = 0; i < NODES * LOW_A_NODE; i++) {
      create(client, "low-" + i, "low", new Quantity(milli / LOW_A_NODE + "m"));
    }
    cluster.settle();
    assertThat(running(client, "low")).hasSize(NODES * LOW_A_NODE);

    long before = refusals(client);
    for (int i = 0; i < NODES; i++) {
      create(client, "high-" + i, "high", new Quantity(milli / LOW_A_NODE * 3 + "m"));
    }
    cluster.settle();

    assertThat(running(client, "high"))
        .hasSize(NODES)
        .extracting(pod -> pod.getSpec().getNodeName())
        .doesNotHaveDuplicates();
    assertThat(running(client, "low")).hasSize(NODES);
    assertThat(refusals(client) - before).isEqualTo(NODES);
  }
}
