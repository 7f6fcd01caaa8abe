// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.certificates;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class ValidityTest {
  private static final Instant NOW = Instant.parse("2026-01-01T12:00:00Z");
  private static final Instant LATE = NOW.plus(Duration.ofDays(3_650));

  @Test
  void aYearUnlessLessIsAskedFor() {
    assertThat(Validity.of(NOW, null, LATE))
        .isEqualTo(
            new Validity(
                Instant.parse("2026-01-01T11:55:00Z"), Instant.parse("2027-01-01T11:55:00Z")));
    assertThat(Validity.of(NOW, Integer.MAX_VALUE, LATE)).isEqualTo(Validity.of(NOW, null, LATE));
  }

  @Test
  void aShortTimeIsGivenWhole() {
    assertThat(Validity.of(NOW, 3_600, LATE).until()).isEqualTo(NOW.plusSeconds(3_600));
    assertThat(Validity.of(NOW, 1, LATE).until()).isEqualTo(NOW.plusSeconds(600));
    assertThat(Validity.of(NOW, 8 * 3_600, LATE).until())
        .isEqualTo(NOW.plusSeconds(8 * 3_600 - 300));
  }

  @Test
  void neverLongerThanTheAuthority() {
    Instant end = NOW.plusSeconds(60);
    assertThat(Validity.of(NOW, null, end).until()).isEqualTo(end);
    assertThatThrownBy(() -> Validity.of(NOW, null, NOW)).hasMessageContaining("NotAfter=");
  }
}
