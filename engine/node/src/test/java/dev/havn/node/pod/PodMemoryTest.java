// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class PodMemoryTest {
  private static final Instant NOW = Instant.parse("2026-05-04T10:00:00Z");
  private static final Pod POD = GoldenPods.pod("metadata: {name: p, uid: u}");

  private final PodMemory memory = new PodMemory();

  @Test
  void whatIsMissingIsLookedForMoreAndMoreSeldom() {
    List<Long> millis = new ArrayList<>();
    Instant now = NOW;
    for (int i = 0; i < 10; i++) {
      Duration pause = memory.missed(now);
      millis.add(pause.toMillis());
      assertThat(memory.missedLeft(now)).isEqualTo(pause);
      now = now.plus(pause);
      assertThat(memory.missedLeft(now)).isZero();
    }
    assertThat(millis)
        .containsExactly(
            200L, 2_000L, 4_000L, 8_000L, 16_000L, 32_000L, 64_000L, 120_000L, 120_000L, 120_000L);
    memory.volumesPrepared(POD, now);
    assertThat(memory.isMissedAgain()).isFalse();
    assertThat(memory.missed(now)).hasMillis(200);
  }

  @Test
  void volumesAreLookedAtInTimeWhenTheClockGoesBack() {
    memory.volumesPrepared(POD, NOW);
    assertThat(memory.volumesAreDue(POD, NOW.plusSeconds(29))).isFalse();
    assertThat(memory.volumesAreDue(POD, NOW.plusSeconds(30))).isTrue();
    assertThat(memory.volumesAreDue(POD, NOW.minus(Duration.ofHours(1)))).isTrue();
  }

  @Test
  void volumesAreLookedAtAtOnceWhenSomethingTheyAreMadeOfHasChanged() {
    memory.volumesPrepared(POD, NOW);
    memory.hear();
    assertThat(memory.volumesAreDue(POD, NOW)).isTrue();
    memory.volumesBegun();
    assertThat(memory.volumesAreDue(POD, NOW)).isFalse();
    memory.missed(NOW);
    memory.hear();
    assertThat(memory.missedLeft(NOW)).isZero();
    memory.volumesBegun();
    assertThat(memory.missedLeft(NOW)).hasMillis(200);
  }

  @Test
  void aContainerThatStartsBeginsAnew() {
    assertThat(memory.startFailed("c", NOW)).hasSeconds(10);
    assertThat(memory.startFailed("c", NOW)).hasSeconds(20);
    assertThat(memory.startLeft("c", NOW.plusSeconds(5))).hasSeconds(15);
    assertThat(memory.startLeft("other", NOW)).isZero();
    memory.started("c");
    assertThat(memory.startLeft("c", NOW)).isZero();
    assertThat(memory.startFailed("c", NOW)).hasSeconds(10);
  }
}
