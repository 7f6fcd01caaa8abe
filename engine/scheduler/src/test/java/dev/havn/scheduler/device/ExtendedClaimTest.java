// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.device;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.resource.v1.DeviceClass;
import io.fabric8.kubernetes.api.model.resource.v1.DeviceClassBuilder;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ExtendedClaimTest {
  private static final String CARD = "example.com/card";
  private static final DeviceClass CLASS =
      new DeviceClassBuilder().withNewMetadata().withName("cards").endMetadata().build();

  private static Container container(String name, int cards, boolean always) {
    return new ContainerBuilder()
        .withName(name)
        .withRestartPolicy(always ? "Always" : null)
        .withNewResources()
        .addToRequests("cpu", new Quantity("1"))
        .addToRequests(cards == 0 ? Map.of() : Map.of(CARD, new Quantity(String.valueOf(cards))))
        .endResources()
        .build();
  }

  private static ExtendedClaim claim(List<Container> inits, Container... containers) {
    Pod pod =
        new PodBuilder()
            .withNewMetadata()
            .withName("p")
            .withNamespace("default")
            .withUid("u")
            .endMetadata()
            .withNewSpec()
            .withInitContainers(inits)
            .withContainers(containers)
            .endSpec()
            .build();
    return ExtendedClaim.of(pod, Map.of(CARD, CLASS));
  }

  private static List<String> requests(ExtendedClaim claim) {
    return claim.claim().getSpec().getDevices().getRequests().stream()
        .map(
            each ->
                "%s %s %d"
                    .formatted(
                        each.getName(),
                        each.getExactly().getDeviceClassName(),
                        each.getExactly().getCount()))
        .toList();
  }

  private static List<String> mappings(ExtendedClaim claim) {
    return claim.mappings().stream()
        .map(each -> each.getContainerName() + " " + each.getRequestName())
        .toList();
  }

  @Test
  void eachContainerHasARequestOfItsOwn() {
    ExtendedClaim claim =
        claim(
            List.of(container("side", 1, true)),
            container("one", 2, false),
            container("none", 0, false));
    assertThat(requests(claim))
        .containsExactly("container-0-request-1 cards 1", "container-1-request-1 cards 2");
    assertThat(mappings(claim))
        .containsExactly("side container-0-request-1", "one container-1-request-1");
    assertThat(claim.claim().getMetadata().getGenerateName()).isEqualTo("p-extended-resources-");
    assertThat(ExtendedClaim.isOf(claim.claim(), "u")).isTrue();
    assertThat(ExtendedClaim.isOf(claim.claim(), "other")).isFalse();
  }

  @Test
  void initContainersUseWhatLaterContainersHave() {
    ExtendedClaim claim =
        claim(
            List.of(container("first", 2, false), container("second", 1, false)),
            container("one", 1, false),
            container("two", 1, false));
    assertThat(requests(claim))
        .containsExactly("container-2-request-1 cards 1", "container-3-request-1 cards 1");
    assertThat(mappings(claim))
        .containsExactly(
            "one container-2-request-1",
            "two container-3-request-1",
            "first container-2-request-1",
            "first container-3-request-1",
            "second container-2-request-1");
  }

  @Test
  void initContainersShareOneRequestForWhatIsLacking() {
    ExtendedClaim claim =
        claim(
            List.of(
                container("before", 2, false),
                container("side", 1, true),
                container("after", 4, false)),
            container("one", 1, false));
    assertThat(requests(claim))
        .containsExactly(
            "container-1-request-1 cards 1",
            "container-2-request-1 cards 3",
            "container-3-request-1 cards 1");
    assertThat(mappings(claim))
        .containsExactly(
            "side container-1-request-1",
            "one container-3-request-1",
            "before container-1-request-1",
            "before container-3-request-1",
            "after container-3-request-1",
            "after container-2-request-1");
  }

  @Test
  void theLargestLackCounts() {
    ExtendedClaim claim =
        claim(
            List.of(container("small", 2, false), container("large", 5, false)),
            container("one", 1, false));
    assertThat(requests(claim))
        .containsExactly("container-1-request-1 cards 4", "container-2-request-1 cards 1");
    assertThat(mappings(claim))
        .containsExactly(
            "one container-2-request-1",
            "small container-2-request-1",
            "small container-1-request-1",
            "large container-2-request-1",
            "large container-1-request-1");
  }
}
