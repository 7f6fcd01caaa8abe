// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// The same nodes and pods were given to kube-scheduler 1.36; its words stand here.
class ChoiceTest {
  private final Placements placements = new Placements();
  private final Choice choice = new Choice();

  @BeforeEach
  void threeNodes() {
    placements.put(
        node("n1").editSpec().addNewTaint("NoSchedule", "a", null, "b").endSpec().build());
    placements.put(node("n2").editSpec().withUnschedulable(true).endSpec().build());
    placements.put(node("n3").build());
  }

  private static NodeBuilder node(String name) {
    return new NodeBuilder()
        .withNewMetadata()
        .withName(name)
        .addToLabels("zone", name)
        .endMetadata()
        .withNewSpec()
        .endSpec()
        .withNewStatus()
        .withAllocatable(
            Map.of(
                "cpu", new Quantity("2"), "memory", new Quantity("4Gi"), "pods", new Quantity("3")))
        .endStatus();
  }

  private static PodBuilder pod(String name, String cpu) {
    return new PodBuilder()
        .withNewMetadata()
        .withName(name)
        .withUid(name)
        .endMetadata()
        .withNewSpec()
        .addNewContainer()
        .withName("a")
        .withNewResources()
        .addToRequests("cpu", new Quantity(cpu))
        .endResources()
        .endContainer()
        .endSpec();
  }

  private String place(Pod pod) {
    Demand demand = Demand.of(pod);
    Diagnosis diagnosis = new Diagnosis();
    NodeState chosen =
        placements.place(
            pod, demand, all -> choice.of(new Filters.Candidate(pod, demand), all, diagnosis));
    return chosen == null ? diagnosis.message() : chosen.name();
  }

  @Test
  void theOnlyNodeThatFitsIsChosen() {
    assertThat(place(pod("p", "1").build())).isEqualTo("n3");
  }

  @Test
  void whatIsTooLargeForEveryNodeIsSaidInKubernetesWords() {
    Pod big =
        pod("big", "8")
            .editSpec()
            .editFirstContainer()
            .editResources()
            .addToRequests("memory", new Quantity("10Gi"))
            .endResources()
            .endContainer()
            .endSpec()
            .build();
    assertThat(place(big))
        .isEqualTo(
            "0/3 nodes are available: 1 Insufficient cpu, 1 Insufficient memory, 1 node(s) had"
                + " untolerated taint(s), 1 node(s) were unschedulable. no new claims to"
                + " deallocate, preemption: 0/3 nodes are available: 3 Preemption is not helpful"
                + " for scheduling.");
  }

  @Test
  void aFullNodeCouldBeHelpedByEviction() {
    place(pod("first", "1500m").build());
    assertThat(place(pod("second", "1").build()))
        .endsWith(
            "preemption: 0/3 nodes are available: 1 No preemption victims found for incoming"
                + " pod, 2 Preemption is not helpful for scheduling.");
  }

  @Test
  void aSelectorThatNoNodeMeetsIsSaid() {
    Pod pod = pod("p", "1").editSpec().addToNodeSelector("zone", "n9").endSpec().build();
    assertThat(place(pod)).contains("1 node(s) didn't match Pod's node affinity/selector");
  }

  @Test
  void aTolerationOpensATaintedNode() {
    Pod pod =
        pod("p", "1")
            .editSpec()
            .addNewToleration("NoSchedule", "a", "Equal", null, "b")
            .addToNodeSelector("zone", "n1")
            .endSpec()
            .build();
    assertThat(place(pod)).isEqualTo("n1");
  }

  @Test
  void theSameHostPortIsGivenOnce() {
    Pod one = withHostPort("one", null);
    Pod two = withHostPort("two", "127.0.0.1");
    assertThat(place(one)).isEqualTo("n3");
    assertThat(place(two)).contains("1 node(s) didn't have free ports for the requested pod ports");
    placements.free("one");
    assertThat(place(two)).isEqualTo("n3");
  }

  private static Pod withHostPort(String name, String address) {
    return pod(name, "1m")
        .editSpec()
        .editFirstContainer()
        .addNewPort()
        .withContainerPort(80)
        .withHostPort(80)
        .withHostIP(address)
        .endPort()
        .endContainer()
        .endSpec()
        .build();
  }

  @Test
  void podsSpreadOverNodesWithRoom() {
    placements.put(node("n4").build());
    assertThat(List.of(place(pod("a", "1").build()), place(pod("b", "1").build())))
        .containsExactlyInAnyOrder("n3", "n4");
  }

  @Test
  void aPreferenceIsFollowed() {
    placements.put(node("n4").build());
    Node labelled = node("n5").editMetadata().addToLabels("disk", "ssd").endMetadata().build();
    placements.put(labelled);
    Pod pod =
        pod("p", "100m")
            .editSpec()
            .withNewAffinity()
            .withNewNodeAffinity()
            .addNewPreferredDuringSchedulingIgnoredDuringExecution()
            .withWeight(10)
            .withNewPreference()
            .addNewMatchExpression()
            .withKey("disk")
            .withOperator("In")
            .withValues("ssd")
            .endMatchExpression()
            .endPreference()
            .endPreferredDuringSchedulingIgnoredDuringExecution()
            .endNodeAffinity()
            .endAffinity()
            .endSpec()
            .build();
    assertThat(place(pod)).isEqualTo("n5");
  }

  @Test
  void initContainersCountWithTheSidecarsBeforeThem() {
    Pod pod =
        pod("p", "1")
            .editSpec()
            .addNewInitContainer()
            .withName("side")
            .withRestartPolicy("Always")
            .withNewResources()
            .addToRequests("cpu", new Quantity("500m"))
            .endResources()
            .endInitContainer()
            .addNewInitContainer()
            .withName("init")
            .withNewResources()
            .addToRequests("cpu", new Quantity("1200m"))
            .endResources()
            .endInitContainer()
            .endSpec()
            .build();
    assertThat(Demand.of(pod).amounts()).containsEntry("cpu", 1700L);
  }

  @Test
  void ofManyNodesAShareIsEnough() {
    assertThat(Choice.enough(50)).isEqualTo(100);
    assertThat(Choice.enough(1_000)).isEqualTo(420);
    assertThat(Choice.enough(5_000)).isEqualTo(500);
    assertThat(Choice.enough(15_000)).isEqualTo(750);
  }
}
