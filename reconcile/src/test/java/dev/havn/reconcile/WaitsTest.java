// SPDX-License-Identifier: Apache-2.0
package dev.havn.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WaitsTest {
  private static final Instant BEGAN = Instant.parse("2026-01-01T00:00:00Z");

  @ParameterizedTest
  @CsvSource({"0, 60", "20, 40", "60, 0", "3600, 0", "-20, 60", "-3600, 60"})
  void isNeverNegativeNorMoreThanTheWhole(long nowSeconds, long leftSeconds) {
    assertThat(Waits.left(BEGAN, Duration.ofSeconds(60), BEGAN.plusSeconds(nowSeconds)))
        .hasSeconds(leftSeconds);
  }
}
