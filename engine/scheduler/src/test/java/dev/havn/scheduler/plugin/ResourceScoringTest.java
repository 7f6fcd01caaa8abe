// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.plugin;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.scheduler.plugin.ResourceScoring.Point;
import dev.havn.scheduler.plugin.ResourceScoring.Type;
import dev.havn.scheduler.state.ClusterState;
import dev.havn.scheduler.state.NodeState;
import dev.havn.scheduler.state.PodFacts;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// A pod of 1 CPU and 1 GiB on a node of 4 CPU and 8 GiB of which 1 CPU and 3 GiB are taken: then
/// 50 % of both are.
class ResourceScoringTest {
  private static final KubernetesSerialization MODELS = new KubernetesSerialization();

  private final ClusterState cluster = new ClusterState();
  private final PodFacts pod = pod("p", "{cpu: 1, memory: 1Gi}");

  private static PodFacts pod(String name, String requests) {
    return PodFacts.of(
        MODELS.unmarshal(
            """
            apiVersion: v1
            kind: Pod
            metadata: {name: %s, uid: %s}
            spec: {containers: [{name: a, image: big, resources: {requests: %s}}]}
            """
                .formatted(name, name, requests),
            Pod.class));
  }

  @BeforeEach
  void nodes() {
    cluster.put(node("half", ""));
    cluster.put(node("empty", "images: [{names: ['big:latest'], sizeBytes: 1000000000}],"));
    cluster.put(pod("there", "{cpu: 1, memory: 3Gi}"), "half");
  }

  private static Node node(String name, String status) {
    return MODELS.unmarshal(
        """
        apiVersion: v1
        kind: Node
        metadata: {name: %s}
        status: {%s allocatable: {cpu: 4, memory: 8Gi, pods: 10}}
        """
            .formatted(name, status),
        Node.class);
  }

  private NodeState node(String name) {
    return Objects.requireNonNull(cluster.node(name));
  }

  private static ResourceScoring scoring(Type type, Point... shape) {
    return new ResourceScoring(type, ResourceScoring.CPU_AND_MEMORY, List.of(shape));
  }

  @Test
  void theLeastAllocatedIsTheOneWithMostLeft() {
    ResourceScoring scoring = scoring(Type.LEAST_ALLOCATED);
    assertThat(scoring.of(pod, node("half"), ResourceDevices.NONE)).isEqualTo(50);
    assertThat(scoring.of(pod, node("empty"), ResourceDevices.NONE)).isEqualTo((75 + 87) / 2);
  }

  @Test
  void theMostAllocatedIsTheOneWithLeastLeft() {
    ResourceScoring scoring = scoring(Type.MOST_ALLOCATED);
    assertThat(scoring.of(pod, node("half"), ResourceDevices.NONE)).isEqualTo(50);
    assertThat(scoring.of(pod, node("empty"), ResourceDevices.NONE)).isEqualTo((25 + 12) / 2);
  }

  @Test
  void aShapeIsFollowedBetweenItsPoints() {
    ResourceScoring scoring =
        scoring(
            Type.REQUESTED_TO_CAPACITY_RATIO,
            new Point(0, 0),
            new Point(40, 80),
            new Point(100, 20));
    assertThat(scoring.of(pod, node("half"), ResourceDevices.NONE)).isEqualTo(80 - 60 * 10 / 60);
    assertThat(scoring.of(pod, node("empty"), ResourceDevices.NONE))
        .isEqualTo((80 * 25 / 40 + 80 * 12 / 40) / 2);
  }

  @Test
  void devicesCountWhereANodeHasNoneOfAResourceItself() {
    PodFacts wants = pod("w", "{cpu: 1, memory: 1Gi, 'example.com/card': 1}");
    ResourceScoring scoring =
        new ResourceScoring(
            Type.LEAST_ALLOCATED,
            List.of(new ResourceScoring.Weight("example.com/card", 1)),
            List.of());
    ResourceDevices devices =
        (resource, node) ->
            resource.equals("example.com/card") && node.name().equals("half")
                ? new ResourceDevices.Count(4, 1)
                : null;
    assertThat(scoring.of(wants, node("half"), devices)).isEqualTo(50);
    assertThat(scoring.of(wants, node("empty"), devices)).isZero();
    assertThat(scoring.of(pod, node("half"), devices)).as("a pod that wants none").isZero();
    NodeResourcesBalancedAllocation balanced =
        new NodeResourcesBalancedAllocation(List.of("cpu", "example.com/card"), devices);
    assertThat(
            balanced.scores(
                new Attempt(wants, cluster, false), List.of(node("half"), node("empty"))))
        .as("half of the CPUs and half of the cards; a quarter of the CPUs alone")
        .containsExactly(100, 100);
    assertThat(
            new NodeResourcesBalancedAllocation(
                    List.of("cpu", "example.com/card"), (_, _) -> new ResourceDevices.Count(1, 0))
                .scores(new Attempt(wants, cluster, false), List.of(node("half"))))
        .containsExactly(75);
  }

  @Test
  void whatIsUsedAlikeIsBalanced() {
    NodeResourcesBalancedAllocation balanced =
        new NodeResourcesBalancedAllocation(List.of("cpu", "memory"), ResourceDevices.NONE);
    List<NodeState> nodes = List.of(node("half"), node("empty"));
    assertThat(balanced.scores(new Attempt(pod, cluster, false), nodes)).containsExactly(100, 93);
    assertThat(balanced.scores(new Attempt(pod("asks-nothing", "{}"), cluster, false), nodes))
        .isEmpty();
  }

  @Test
  void aNodeThatHasTheImageIsBetter() {
    long[] scores =
        new ImageLocality()
            .scores(new Attempt(pod, cluster, false), List.of(node("half"), node("empty")));
    assertThat(scores[0]).isZero();
    assertThat(scores[1]).isEqualTo(100 * (500_000_000L - (23L << 20)) / (977L << 20));
  }

  @Test
  void aNodeThatHasTheImageOfAVolumeIsBetter() {
    PodFacts mounts =
        PodFacts.of(
            MODELS.unmarshal(
                """
                apiVersion: v1
                kind: Pod
                metadata: {name: m, uid: m}
                spec:
                  containers: [{name: a, image: other}]
                  volumes: [{name: v, image: {reference: big}}]
                """,
                Pod.class));
    long[] scores =
        new ImageLocality()
            .scores(new Attempt(mounts, cluster, false), List.of(node("half"), node("empty")));
    assertThat(scores)
        .as("of as much as one container may count")
        .containsExactly(0, 100 * (500_000_000L - (23L << 20)) / (977L << 20));
  }
}
