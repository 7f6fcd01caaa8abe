// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.cri;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.node.protocol.cri.Cri;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class RuntimeHealthTest {
  private static final Instant BEGIN = Instant.parse("2026-05-04T10:00:00Z");
  private final RuntimeHealth health = new RuntimeHealth(BEGIN);

  @Test
  void aRuntimeThatIsSilentForMoreThanHalfAMinuteIsDownUntilItAnswers() {
    assertThat(health.problems(BEGIN.plusSeconds(30))).isEmpty();
    assertThat(health.problems(BEGIN.plusSeconds(31))).containsExactly("container runtime is down");
    health.hear(status(true, true), BEGIN.plusSeconds(40));
    assertThat(health.problems(BEGIN.plusSeconds(41))).isEmpty();
  }

  @Test
  void whatTheRuntimeLacksIsToldInItsWords() {
    health.hear(status(false, false), BEGIN);
    assertThat(health.problems(BEGIN))
        .containsExactly(
            "container runtime not ready: RuntimeReady=false reason:Why message:because",
            "container runtime network not ready: NetworkReady=false reason:Why message:because");
  }

  private static Cri.RuntimeStatus status(boolean runtime, boolean network) {
    return Cri.RuntimeStatus.newBuilder()
        .addConditions(condition("RuntimeReady", runtime))
        .addConditions(condition("NetworkReady", network))
        .addConditions(condition("SomethingElse", false))
        .build();
  }

  private static Cri.RuntimeCondition condition(String type, boolean holds) {
    return Cri.RuntimeCondition.newBuilder()
        .setType(type)
        .setStatus(holds)
        .setReason("Why")
        .setMessage("because")
        .build();
  }
}
