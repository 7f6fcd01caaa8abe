// SPDX-License-Identifier: Apache-2.0
package dev.havn.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MicroTimeTest {
  @ParameterizedTest
  @CsvSource({
    "2026-01-01T00:00:00Z, 2026-01-01T00:00:00.000000Z",
    "2026-01-01T00:00:00.359Z, 2026-01-01T00:00:00.359000Z",
    "2026-01-01T00:00:00.123456789Z, 2026-01-01T00:00:00.123456Z",
  })
  void hasSixDigitsOfASecond(String instant, String text) {
    assertThat(MicroTime.of(Instant.parse(instant))).isEqualTo(text);
  }
}
