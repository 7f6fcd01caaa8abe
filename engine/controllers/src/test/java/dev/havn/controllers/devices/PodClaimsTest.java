// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.devices;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PodClaimsTest {
  @Test
  void aLongNameIsCutOnBothSides() {
    assertThat(PodClaims.prefix("web", "gpu")).isEqualTo("web-gpu-");
    String pod = "p".repeat(60);
    assertThat(PodClaims.prefix(pod, "c".repeat(20)))
        .isEqualTo("p".repeat(60 * 57 / 82) + "-" + "c".repeat(20 * 57 / 82));
  }
}
