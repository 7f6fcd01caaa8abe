// SPDX-License-Identifier: Apache-2.0
package dev.havn.junit;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.apps.ControllerRevision;
import io.fabric8.kubernetes.api.model.apps.DaemonSet;
import io.fabric8.kubernetes.api.model.apps.DaemonSetBuilder;
import io.fabric8.kubernetes.api.model.apps.DaemonSetStatus;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.utils.Serialization;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

@Havn(nodes = 3)
class DaemonSetTest {
  private static DaemonSet agent() {
    return Serialization.unmarshal(
        """
        apiVersion: apps/v1
        kind: DaemonSet
        metadata: {name: agent, namespace: default}
        spec:
          selector: {matchLabels: {app: agent}}
          template:
            metadata: {labels: {app: agent}}
            spec:
              containers: [{name: c, image: 'example/agent:1'}]
        """,
        DaemonSet.class);
  }

  private static Resource<DaemonSet> set(KubernetesClient client) {
    return client.apps().daemonSets().inNamespace("default").withName("agent");
  }

  private static List<Pod> pods(KubernetesClient client) {
    return client.pods().inNamespace("default").list().getItems().stream()
        .filter(pod -> pod.getMetadata().getDeletionTimestamp() == null)
        .toList();
  }

  /// The images of the pods that are not leaving, by node.
  private static Map<String, List<String>> images(KubernetesClient client) {
    Map<String, List<String>> images = new TreeMap<>();
    for (Pod pod : pods(client)) {
      images
          .computeIfAbsent(String.valueOf(pod.getSpec().getNodeName()), _ -> new ArrayList<>())
          .add(pod.getSpec().getContainers().getFirst().getImage());
    }
    images.values().forEach(each -> each.sort(Comparator.naturalOrder()));
    return images;
  }

  private static List<String> nodes(KubernetesClient client) {
    return client.nodes().list().getItems().stream()
        .map(node -> node.getMetadata().getName())
        .sorted()
        .toList();
  }

  private static void node(
      KubernetesClient client, int index, java.util.function.UnaryOperator<Node> edit) {
    client.nodes().withName(nodes(client).get(index)).edit(edit);
  }

  private static void image(KubernetesClient client, String image) {
    set(client)
        .edit(
            set -> {
              set.getSpec().getTemplate().getSpec().getContainers().getFirst().setImage(image);
              return set;
            });
  }

  private static List<Long> revisions(KubernetesClient client) {
    return client.apps().controllerRevisions().inNamespace("default").list().getItems().stream()
        .map(ControllerRevision::getRevision)
        .sorted()
        .toList();
  }

  private static List<String> events(KubernetesClient client) {
    List<String> events = new ArrayList<>();
    for (Event event : client.v1().events().inNamespace("default").list().getItems()) {
      if (event.getInvolvedObject().getKind().equals("DaemonSet")) {
        events.add(event.getReason() + ": " + event.getMessage());
      }
    }
    return events;
  }

  private static DaemonSetStatus status(KubernetesClient client) {
    return set(client).get().getStatus();
  }

  @Test
  void everyNodeGetsOnePod(KubernetesClient client, Cluster cluster) {
    client.resource(agent()).create();
    cluster.settle();
    assertThat(images(client)).containsOnlyKeys(nodes(client));
    assertThat(pods(client)).hasSize(3);
    DaemonSetStatus status = status(client);
    assertThat(status.getDesiredNumberScheduled()).isEqualTo(3);
    assertThat(status.getCurrentNumberScheduled()).isEqualTo(3);
    assertThat(status.getNumberReady()).isEqualTo(3);
    assertThat(status.getNumberAvailable()).isEqualTo(3);
    assertThat(status.getUpdatedNumberScheduled()).isEqualTo(3);
    assertThat(status.getNumberUnavailable()).isNull();
    assertThat(pods(client).getFirst().getMetadata().getLabels())
        .containsEntry("pod-template-generation", "1")
        .containsKey("controller-revision-hash");
    assertThat(pods(client).getFirst().getSpec().getTolerations())
        .extracting(each -> each.getKey() + ":" + each.getEffect())
        .containsExactly(
            "node.kubernetes.io/not-ready:NoExecute",
            "node.kubernetes.io/unreachable:NoExecute",
            "node.kubernetes.io/disk-pressure:NoSchedule",
            "node.kubernetes.io/memory-pressure:NoSchedule",
            "node.kubernetes.io/pid-pressure:NoSchedule",
            "node.kubernetes.io/unschedulable:NoSchedule");
    assertThat(events(client))
        .hasSize(3)
        .allMatch(event -> event.startsWith("SuccessfulCreate: Created pod: agent-"));
  }

  @Test
  void podsFollowTheLabelsOfNodes(KubernetesClient client, Cluster cluster) {
    client
        .resource(
            new DaemonSetBuilder(agent())
                .editSpec()
                .editTemplate()
                .editSpec()
                .addToNodeSelector("disk", "ssd")
                .endSpec()
                .endTemplate()
                .endSpec()
                .build())
        .create();
    cluster.settle();
    assertThat(pods(client)).isEmpty();
    assertThat(status(client).getDesiredNumberScheduled()).isEqualTo(0);
    node(client, 1, node -> labelled(node, "ssd"));
    cluster.settle();
    assertThat(images(client)).containsOnlyKeys(nodes(client).get(1));
    node(client, 1, node -> labelled(node, "hdd"));
    cluster.settle();
    assertThat(pods(client)).isEmpty();
  }

  private static Node labelled(Node node, String disk) {
    return new NodeBuilder(node).editMetadata().addToLabels("disk", disk).endMetadata().build();
  }

  @Test
  void taintsKeepNewPodsOutAndSomeDriveOldOnesOut(KubernetesClient client, Cluster cluster) {
    node(client, 0, node -> tainted(node, "NoSchedule"));
    client.resource(agent()).create();
    cluster.settle();
    assertThat(images(client)).containsOnlyKeys(nodes(client).subList(1, 3));
    node(client, 1, node -> tainted(node, "NoSchedule"));
    cluster.settle();
    assertThat(images(client)).containsOnlyKeys(nodes(client).subList(1, 3));
    assertThat(status(client).getDesiredNumberScheduled()).isEqualTo(1);
    assertThat(status(client).getNumberMisscheduled()).isEqualTo(1);
    node(client, 1, node -> tainted(node, "NoExecute"));
    cluster.time().advance(Duration.ofMinutes(1));
    assertThat(images(client)).containsOnlyKeys(nodes(client).get(2));
  }

  private static Node tainted(Node node, String effect) {
    return new NodeBuilder(node)
        .editOrNewSpec()
        .withTaints(new io.fabric8.kubernetes.api.model.Taint(effect, "own", null, "x"))
        .endSpec()
        .build();
  }

  @Test
  void anUpdateReplacesOneNodesPodAfterTheOtherAndIsTakenBack(
      KubernetesClient client, Cluster cluster) {
    client.resource(agent()).create();
    cluster.settle();
    image(client, "example/agent:2");
    cluster.time().advance(Duration.ofMinutes(5));
    assertThat(images(client).values()).containsOnly(List.of("example/agent:2"));
    assertThat(status(client).getUpdatedNumberScheduled()).isEqualTo(3);
    assertThat(revisions(client)).containsExactly(1L, 2L);
    image(client, "example/agent:1");
    cluster.time().advance(Duration.ofMinutes(5));
    assertThat(images(client).values()).containsOnly(List.of("example/agent:1"));
    assertThat(revisions(client)).containsExactly(2L, 3L);
  }

  @Test
  void aSurgeMakesTheNewPodFirst(KubernetesClient client, Cluster cluster) {
    client
        .resource(
            new DaemonSetBuilder(agent())
                .editSpec()
                .withNewUpdateStrategy()
                .withType("RollingUpdate")
                .withNewRollingUpdate()
                .withMaxSurge(new IntOrString(1))
                .withMaxUnavailable(new IntOrString(0))
                .endRollingUpdate()
                .endUpdateStrategy()
                .withMinReadySeconds(5)
                .endSpec()
                .build())
        .create();
    cluster.time().advance(Duration.ofSeconds(6));
    assertThat(status(client).getNumberAvailable()).isEqualTo(3);
    image(client, "example/agent:2");
    cluster.settle();
    assertThat(images(client))
        .containsEntry(nodes(client).get(0), List.of("example/agent:1", "example/agent:2"))
        .containsEntry(nodes(client).get(1), List.of("example/agent:1"));
    cluster.time().advance(Duration.ofSeconds(6));
    assertThat(images(client))
        .containsEntry(nodes(client).get(0), List.of("example/agent:2"))
        .containsEntry(nodes(client).get(1), List.of("example/agent:1", "example/agent:2"));
    cluster.time().advance(Duration.ofMinutes(2));
    assertThat(images(client).values()).containsOnly(List.of("example/agent:2"));
  }

  @Test
  void onDeleteChangesOnlyWhatIsDeleted(KubernetesClient client, Cluster cluster) {
    client
        .resource(
            new DaemonSetBuilder(agent())
                .editSpec()
                .withNewUpdateStrategy()
                .withType("OnDelete")
                .endUpdateStrategy()
                .endSpec()
                .build())
        .create();
    cluster.settle();
    image(client, "example/agent:2");
    cluster.time().advance(Duration.ofMinutes(1));
    assertThat(images(client).values()).containsOnly(List.of("example/agent:1"));
    client.resource(pods(client).getFirst()).delete();
    cluster.time().advance(Duration.ofMinutes(1));
    assertThat(images(client).values()).contains(List.of("example/agent:2"));
    assertThat(status(client).getUpdatedNumberScheduled()).isEqualTo(1);
  }

  @Test
  void aFailedPodIsReplacedAtOnceAndThenEverLater(KubernetesClient client, Cluster cluster) {
    client.resource(agent()).create();
    cluster.settle();
    String first = fail(client);
    cluster.settle();
    assertThat(names(client)).hasSize(3).doesNotContain(first);
    assertThat(events(client))
        .anyMatch(
            event ->
                event.startsWith(
                    "FailedDaemonPod: Found failed daemon pod default/" + first + " on node "));
    String second = fail(client);
    cluster.settle();
    assertThat(names(client)).contains(second);
    cluster.time().advance(Duration.ofSeconds(2));
    assertThat(names(client)).hasSize(3).doesNotContain(second);
  }

  private static List<String> names(KubernetesClient client) {
    return pods(client).stream().map(pod -> pod.getMetadata().getName()).toList();
  }

  /// Lets the pod of the first node fail.
  private static String fail(KubernetesClient client) {
    Pod pod =
        pods(client).stream()
            .filter(each -> each.getSpec().getNodeName().equals(nodes(client).getFirst()))
            .findFirst()
            .orElseThrow();
    client
        .resource(pod)
        .editStatus(
            each -> new PodBuilder(each).editStatus().withPhase("Failed").endStatus().build());
    return pod.getMetadata().getName();
  }

  @Test
  void anotherRevisionsNameIsAvoided(KubernetesClient client, Cluster cluster) {
    client.resource(agent()).create();
    cluster.settle();
    String name =
        client
            .apps()
            .controllerRevisions()
            .inNamespace("default")
            .list()
            .getItems()
            .getFirst()
            .getMetadata()
            .getName();
    client.resource(agent()).delete();
    cluster.time().advance(Duration.ofMinutes(2));
    assertThat(revisions(client)).isEmpty();
    client
        .load(
            new java.io.ByteArrayInputStream(
                ("apiVersion: apps/v1\nkind: ControllerRevision\nmetadata: {namespace: default, name: "
                        + name
                        + "}\nrevision: 7\ndata: {other: thing}\n")
                    .getBytes(java.nio.charset.StandardCharsets.UTF_8)))
        .create();
    client.resource(agent()).create();
    cluster.time().advance(Duration.ofSeconds(1));
    assertThat(status(client).getCollisionCount()).isEqualTo(1);
    assertThat(images(client)).containsOnlyKeys(nodes(client));
  }
}
