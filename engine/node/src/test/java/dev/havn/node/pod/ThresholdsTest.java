// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.node.configuration.EvictionSignal;
import dev.havn.node.configuration.EvictionThreshold;
import dev.havn.node.configuration.EvictionThreshold.Absolute;
import dev.havn.node.configuration.EvictionThreshold.Amount;
import dev.havn.node.configuration.EvictionThreshold.Percentage;
import dev.havn.node.pod.Thresholds.Amounts;
import dev.havn.node.pod.Thresholds.Met;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ThresholdsTest {
  private static final Instant BEGIN = Instant.parse("2026-05-04T10:00:00Z");

  private static Thresholds of(Amount amount, Duration grace, Amount reclaimed) {
    return new Thresholds(
        List.of(
            new EvictionThreshold(
                EvictionSignal.MEMORY, amount, !grace.isZero(), grace, reclaimed)));
  }

  private static List<Met> look(Thresholds thresholds, long available, int second) {
    return thresholds.observe(
        Map.of(EvictionSignal.MEMORY, new Amounts(available, 1_000)), BEGIN.plusSeconds(second));
  }

  @Test
  void aSoftThresholdIsDueWhenItsGraceIsOver() {
    Thresholds soft = of(new Absolute(100), Duration.ofSeconds(30), Amount.NONE);
    assertThat(look(soft, 99, 0)).singleElement().matches(met -> !met.isDue());
    assertThat(look(soft, 99, 29)).singleElement().matches(met -> !met.isDue());
    assertThat(look(soft, 99, 30)).singleElement().matches(Met::isDue);
    assertThat(look(soft, 100, 40)).isEmpty();
    assertThat(look(soft, 99, 50)).singleElement().matches(met -> !met.isDue());
  }

  @Test
  void aHardThresholdIsDueAtOnceAndMayBeAPartOfAllThereIs() {
    Thresholds hard = of(new Percentage(10), Duration.ZERO, Amount.NONE);
    assertThat(look(hard, 99, 0)).singleElement().matches(Met::isDue);
    assertThat(look(hard, 100, 1)).isEmpty();
  }

  @Test
  void whoWasShortMustGetWellAboveTheThreshold() {
    Thresholds hard = of(new Absolute(100), Duration.ZERO, new Absolute(50));
    assertThat(look(hard, 120, 0)).isEmpty();
    assertThat(look(hard, 99, 1)).hasSize(1);
    assertThat(look(hard, 149, 2)).hasSize(1);
    assertThat(look(hard, 150, 3)).isEmpty();
    assertThat(look(hard, 120, 4)).isEmpty();
  }

  @Test
  void whatCannotBeMeasuredIsNotShort() {
    Thresholds hard = of(new Absolute(100), Duration.ZERO, Amount.NONE);
    assertThat(hard.observe(Map.of(), BEGIN)).isEmpty();
  }
}
