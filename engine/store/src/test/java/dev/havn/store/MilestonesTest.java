// SPDX-License-Identifier: Apache-2.0
package dev.havn.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class MilestonesTest {
  private static final Duration KEPT = Duration.ofMinutes(5);

  private final Milestones milestones = new Milestones();

  private static Instant minute(int minute) {
    return Instant.EPOCH.plus(Duration.ofMinutes(minute));
  }

  @Test
  void theNewestOfAnAgeIsFound() {
    for (int minute = 0; minute <= 10; minute++) {
      milestones.pass(minute(minute), 100 + minute, KEPT);
    }
    assertThat(milestones.olderThan(KEPT, minute(10))).isEqualTo(104);
    assertThat(milestones.olderThan(Duration.ofSeconds(75), minute(10))).isEqualTo(108);
    assertThat(milestones.olderThan(Duration.ofHours(1), minute(10))).isZero();
  }

  @Test
  void whatIsTooOldIsForgottenAlsoWhenNothingIsWritten() {
    for (int minute = 0; minute <= 100; minute++) {
      milestones.pass(minute(minute), 7, KEPT);
    }
    assertThat(milestones.size()).isEqualTo(7);
  }
}
