// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.endpoints;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceBuilder;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SlicePlanTest {
  private static final Service SERVICE =
      new ServiceBuilder()
          .withNewMetadata()
          .withName("web")
          .endMetadata()
          .withNewSpec()
          .addNewPort()
          .withName("http")
          .withProtocol("TCP")
          .withPort(80)
          .withTargetPort(new IntOrString("http"))
          .endPort()
          .endSpec()
          .build();

  private static Pod pod(int number, int port) {
    return new PodBuilder()
        .withNewMetadata()
        .withNamespace("default")
        .withName("web-" + number)
        .withUid("uid-" + number)
        .endMetadata()
        .withNewSpec()
        .withNodeName("node")
        .addNewContainer()
        .withName("c")
        .addNewPort()
        .withName("http")
        .withContainerPort(port)
        .endPort()
        .endContainer()
        .endSpec()
        .withNewStatus()
        .withPodIP("10.0.0." + number)
        .addNewCondition()
        .withType("Ready")
        .withStatus("True")
        .endCondition()
        .endStatus()
        .build();
  }

  private static SlicePlan plan(List<Pod> pods, List<SlicePlan.Slice> present) {
    return SlicePlan.of("IPv4", SERVICE, pods, present, _ -> "zone-1", SlicePlanTest::nobodyAsks);
  }

  private static ZoneShares nobodyAsks() {
    throw new AssertionError("shares of zones are for the mode Auto alone");
  }

  @Test
  void endpointsSayWhomTheyAreNearTo() {
    Service near =
        new ServiceBuilder(SERVICE)
            .editSpec()
            .withTrafficDistribution("PreferSameNode")
            .endSpec()
            .build();
    SlicePlan plan =
        SlicePlan.of(
            "IPv4", near, List.of(pod(1, 80)), List.of(), _ -> "zone-1", SlicePlanTest::nobodyAsks);
    assertThat(plan.create().getFirst().path("endpoints").path(0).path("hints"))
        .hasToString("{\"forZones\":[{\"name\":\"zone-1\"}],\"forNodes\":[{\"name\":\"node\"}]}");
    assertThat(plan(List.of(pod(1, 80)), List.of()).create().getFirst().toString())
        .doesNotContain("hints");
  }

  @Test
  void aServiceWithoutPodsHasOneEmptySlice() {
    SlicePlan plan = plan(List.of(), List.of());
    assertThat(plan.create()).hasSize(1);
    assertThat(plan.create().getFirst().path("endpoints")).isEmpty();
    assertThat(plan(List.of(), slices(plan)).create()).isEmpty();
  }

  @Test
  void aSliceHoldsAHundredEndpoints() {
    List<Pod> pods = new ArrayList<>();
    for (int i = 0; i < 250; i++) {
      pods.add(pod(i, 8080));
    }
    SlicePlan plan = plan(pods, List.of());
    assertThat(plan.create().stream().map(each -> each.path("endpoints").size()))
        .containsExactly(100, 100, 50);
    assertThat(plan.create().getFirst().path("endpoints").path(0).path("zone").asText())
        .isEqualTo("zone-1");
    SlicePlan again = plan(pods, slices(plan));
    assertThat(again.create()).isEmpty();
    assertThat(again.update()).isEmpty();
    assertThat(again.delete()).isEmpty();
  }

  @Test
  void endpointsStayWhereTheyStandAndNewOnesFillGaps() {
    List<Pod> pods = new ArrayList<>();
    for (int i = 0; i < 150; i++) {
      pods.add(pod(i, 8080));
    }
    List<SlicePlan.Slice> present = slices(plan(pods, List.of()));
    pods.remove(3);
    pods.add(pod(999, 8080));
    SlicePlan plan = plan(pods, present);
    assertThat(plan.update()).containsOnlyKeys("slice-0");
    assertThat(plan.create()).isEmpty();
  }

  @Test
  void podsWithOtherPortsHaveSlicesOfTheirOwn() {
    List<SlicePlan.Slice> present = slices(plan(List.of(pod(1, 8080), pod(2, 9090)), List.of()));
    assertThat(present).hasSize(2);
    SlicePlan plan = plan(List.of(pod(2, 9090)), present);
    assertThat(plan.delete()).containsExactly("slice-0");
    assertThat(plan.update()).isEmpty();
  }

  private static List<SlicePlan.Slice> slices(SlicePlan plan) {
    List<SlicePlan.Slice> slices = new ArrayList<>();
    for (ObjectNode content : plan.create()) {
      slices.add(new SlicePlan.Slice("slice-" + slices.size(), content));
    }
    return slices;
  }

  @Test
  void ofASecondFamilyOnlyPodsThatHaveItAreThere() {
    Pod both =
        new PodBuilder(pod(1, 80))
            .editStatus()
            .addNewPodIP("10.0.0.1")
            .addNewPodIP("fd00::1")
            .endStatus()
            .build();
    SlicePlan plan =
        SlicePlan.of(
            "IPv6",
            SERVICE,
            List.of(both, pod(2, 80)),
            List.of(),
            _ -> "zone-1",
            SlicePlanTest::nobodyAsks);
    assertThat(plan.create()).hasSize(1);
    ObjectNode slice = plan.create().getFirst();
    assertThat(slice.path("addressType").asText()).isEqualTo("IPv6");
    assertThat(slice.path("endpoints")).hasSize(1);
    assertThat(slice.at("/endpoints/0/addresses").toString()).isEqualTo("[\"fd00::1\"]");
    SlicePlan first =
        SlicePlan.of(
            "IPv4",
            SERVICE,
            List.of(both, pod(2, 80)),
            List.of(),
            _ -> "zone-1",
            SlicePlanTest::nobodyAsks);
    assertThat(first.create().getFirst().path("endpoints")).hasSize(2);
  }
}
