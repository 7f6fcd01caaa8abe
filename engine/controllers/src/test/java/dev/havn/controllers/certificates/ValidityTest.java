// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.certificates;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ValidityTest {
  private static final Instant NOW = Instant.parse("2026-01-01T12:00:00Z");
  private static final Instant LATE = NOW.plus(Duration.ofDays(3_650));

  private static final Duration YEAR = Duration.ofDays(365);

  private static Validity year(@Nullable Integer seconds) {
    return Validity.of(NOW, seconds, YEAR, LATE);
  }

  @Test
  void aYearUnlessLessIsAskedFor() {
    assertThat(year(null))
        .isEqualTo(
            new Validity(
                Instant.parse("2026-01-01T11:55:00Z"), Instant.parse("2027-01-01T11:55:00Z")));
    assertThat(year(Integer.MAX_VALUE)).isEqualTo(year(null));
  }

  @Test
  void aShortTimeIsGivenWhole() {
    assertThat(year(3_600).until()).isEqualTo(NOW.plusSeconds(3_600));
    assertThat(year(1).until()).isEqualTo(NOW.plusSeconds(600));
    assertThat(year(8 * 3_600).until()).isEqualTo(NOW.plusSeconds(8 * 3_600 - 300));
  }

  @Test
  void neverLongerThanTheAuthority() {
    Instant end = NOW.plusSeconds(60);
    assertThat(Validity.of(NOW, null, YEAR, end).until()).isEqualTo(end);
    assertThatThrownBy(() -> Validity.of(NOW, null, YEAR, NOW)).hasMessageContaining("NotAfter=");
  }

  @Test
  void neverLongerThanItsClusterGivesAlsoWhereThatIsVeryShort() {
    Duration hour = Duration.ofHours(1);
    assertThat(Validity.of(NOW, null, hour, LATE).until()).isEqualTo(NOW.plus(hour));
    assertThat(Validity.of(NOW, 86_400, hour, LATE).until()).isEqualTo(NOW.plus(hour));
    assertThat(Validity.of(NOW, 1_800, hour, LATE).until()).isEqualTo(NOW.plusSeconds(1_800));
    Duration minute = Duration.ofMinutes(1);
    assertThat(Validity.of(NOW, 600, minute, LATE).until()).isEqualTo(NOW.plus(minute));
    assertThat(Validity.of(NOW, null, minute, LATE).until()).isEqualTo(NOW.plus(minute));
  }
}
