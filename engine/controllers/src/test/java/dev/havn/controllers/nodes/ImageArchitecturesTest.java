// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.nodes;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import org.junit.jupiter.api.Test;

class ImageArchitecturesTest {
  /// What is looked through for each change of a pod must be short, whatever a node says.
  @Test
  void whatNoNodeOfHavnSaysIsNotLookedThrough() {
    ImageArchitectures warning = new ImageArchitectures(null, null, null);
    String said =
        "no match for platform in manifest%s: not found (linux/amd64 is wanted, this is for linux/arm64)";
    assertThat(warning.concerns(null, pod(said.formatted("")))).isTrue();
    assertThat(warning.concerns(null, pod(said.formatted("x".repeat(5_000))))).isFalse();
  }

  private static Pod pod(String message) {
    return new PodBuilder()
        .withNewStatus()
        .addNewContainerStatus()
        .withNewState()
        .withNewWaiting()
        .withReason("ErrImagePull")
        .withMessage(message)
        .endWaiting()
        .endState()
        .endContainerStatus()
        .endStatus()
        .build();
  }
}
