// SPDX-License-Identifier: Apache-2.0
package dev.havn.junit;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.scheduling.v1.PriorityClassBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Important pods on nodes that are full, and that nobody runs: pods that have to go stay until the
/// test lets them.
@Havn
class PreemptionTest {
  private static final int NODES = 6;
  private static final int LOW_A_NODE = 4;

  private static void node(KubernetesClient client, String name, String group) {
    client
        .resource(
            new NodeBuilder()
                .withNewMetadata()
                .withName(name)
                .addToLabels("group", group)
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

  static void priority(KubernetesClient client, String name, int value) {
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

  @BeforeEach
  void priorities(KubernetesClient client) {
    if (client.scheduling().v1().priorityClasses().withName("low").get() == null) {
      priority(client, "low", 1);
      priority(client, "high", 1_000);
    }
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
                .addToNodeSelector("group", name.substring(0, name.indexOf('-')))
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

  private static List<Pod> placed(KubernetesClient client, String prefix) {
    return client.pods().inNamespace("default").list().getItems().stream()
        .filter(pod -> pod.getMetadata().getName().startsWith(prefix))
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
    for (int i = 0; i < NODES; i++) {
      node(client, "object-" + i, "many");
    }
    for (int i = 0; i < NODES * LOW_A_NODE; i++) {
      create(client, "many-low-" + i, "low", "1");
    }
    cluster.settle();
    assertThat(placed(client, "many-low")).hasSize(NODES * LOW_A_NODE);

    long before = refusals(client);
    for (int i = 0; i < NODES; i++) {
      create(client, "many-high-" + i, "high", "3");
    }
    cluster.settle();
    List<Pod> going =
        placed(client, "many-low").stream()
            .filter(pod -> pod.getMetadata().getDeletionTimestamp() != null)
            .toList();
    assertThat(going).hasSize(NODES * 3);
    for (Pod each : going) {
      client.resource(each).withGracePeriod(0).delete();
      cluster.settle();
    }

    assertThat(placed(client, "many-high"))
        .hasSize(NODES)
        .extracting(pod -> pod.getSpec().getNodeName())
        .doesNotHaveDuplicates();
    // Each once, when it came.
    assertThat(refusals(client) - before).isEqualTo(NODES);
  }

  /// Those that have to go may never go there.
  @Test
  void whoseNodeIsOfNoUseAnyMoreTakesAnother(KubernetesClient client, Cluster cluster) {
    node(client, "first", "two");
    node(client, "second", "two");
    for (int i = 0; i < 2 * LOW_A_NODE; i++) {
      create(client, "two-low-" + i, "low", "1");
    }
    cluster.settle();
    create(client, "two-high", "high", "3");
    cluster.settle();
    String nominated = nominated(client);
    assertThat(nominated).isIn("first", "second");

    client.nodes().withName(nominated).edit(node -> cordoned(node));
    cluster.settle();

    assertThat(nominated(client)).isIn("first", "second").isNotEqualTo(nominated);
  }

  private static Node cordoned(Node node) {
    node.getSpec().setUnschedulable(true);
    return node;
  }

  private static String nominated(KubernetesClient client) {
    return client
        .pods()
        .inNamespace("default")
        .withName("two-high")
        .get()
        .getStatus()
        .getNominatedNodeName();
  }
}
