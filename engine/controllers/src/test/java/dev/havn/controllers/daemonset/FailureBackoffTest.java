// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.daemonset;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class FailureBackoffTest {
  private final Instant now = Instant.parse("2026-01-01T00:00:00Z");
  private final FailureBackoff backoff = new FailureBackoff();

  @Test
  void theFirstReplacementWaitsForNothing() {
    assertThat(backoff.left("a", now)).isZero();
  }

  @Test
  void eachReplacementDoublesTheWaitUpToAQuarterOfAnHour() {
    for (int times = 0; times < 10; times++) {
      backoff.replaced("a", now);
      assertThat(backoff.left("a", now)).isEqualTo(Duration.ofSeconds(1L << times));
    }
    backoff.replaced("a", now);
    assertThat(backoff.left("a", now)).isEqualTo(Duration.ofMinutes(15));
    assertThat(backoff.left("b", now)).isZero();
    assertThat(backoff.left("a", now.plusSeconds(600))).isEqualTo(Duration.ofMinutes(5));
    assertThat(backoff.left("a", now.plusSeconds(900))).isZero();
  }

  @Test
  void halfAnHourOfQuietBeginsAgain() {
    backoff.replaced("a", now);
    backoff.replaced("a", now);
    Instant later = now.plus(Duration.ofMinutes(31));
    backoff.replaced("a", later);
    assertThat(backoff.left("a", later)).isEqualTo(Duration.ofSeconds(1));
  }
}
