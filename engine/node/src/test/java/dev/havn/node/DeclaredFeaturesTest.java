// SPDX-License-Identifier: Apache-2.0
package dev.havn.node;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import org.junit.jupiter.api.Test;

class DeclaredFeaturesTest {
  private static List<String> of(boolean hasOwnApi) {
    return DeclaredFeatures.of(hasOwnApi).valueStream().map(JsonNode::asText).toList();
  }

  @Test
  void whatANodeCanIsDeclaredInOrder() {
    assertThat(of(true))
        .containsExactly(
            "ExtendWebSocketsToKubelet",
            "InPlacePodLevelResourcesVerticalScaling",
            "InPlacePodVerticalScalingInitContainers",
            "RestartAllContainersOnContainerExits");
  }

  @Test
  void aNodeWithoutAnApiOfItsOwnHasNoSessionsThere() {
    assertThat(of(false))
        .containsExactly(
            "InPlacePodLevelResourcesVerticalScaling",
            "InPlacePodVerticalScalingInitContainers",
            "RestartAllContainersOnContainerExits");
  }
}
