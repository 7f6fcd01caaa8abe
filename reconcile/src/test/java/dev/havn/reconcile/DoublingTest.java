// SPDX-License-Identifier: Apache-2.0
package dev.havn.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.stream.IntStream;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class DoublingTest {
  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");
  private static final Doubling PAUSES =
      new Doubling(Duration.ofSeconds(10), Duration.ofSeconds(65));

  @Example
  void eachPauseIsTwiceTheOneBeforeUpToTheLongest() {
    assertThat(IntStream.rangeClosed(0, 6).mapToLong(each -> PAUSES.after(each).toSeconds()))
        .containsExactly(0L, 10L, 20L, 40L, 65L, 65L, 65L);
  }

  @Example
  void whatIsLeftIsNeverLessThanZero() {
    assertThat(PAUSES.left(2, START, START.plusSeconds(5))).isEqualTo(Duration.ofSeconds(15));
    assertThat(PAUSES.left(2, START, START.plusSeconds(50))).isZero();
    assertThat(PAUSES.left(0, START, START)).isZero();
  }

  @Example
  void twiceTheLongestPauseForgets() {
    assertThat(PAUSES.isForgotten(START, START.plusSeconds(130))).isFalse();
    assertThat(PAUSES.isForgotten(START, START.plusSeconds(131))).isTrue();
  }

  @Property
  void noPauseIsLongerThanTheLongestNorShorterThanTheOneBefore(
      @ForAll @IntRange(min = 1) int failures,
      @ForAll @IntRange(min = 1, max = 100_000) int firstMillis,
      @ForAll @IntRange(min = 0, max = 1_000_000) int moreMillis) {
    Duration first = Duration.ofMillis(firstMillis);
    Doubling pauses = new Doubling(first, first.plusMillis(moreMillis));
    assertThat(pauses.after(failures))
        .isBetween(first, pauses.most())
        .isGreaterThanOrEqualTo(pauses.after(failures - 1));
  }
}
