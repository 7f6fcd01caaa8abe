// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.autoscaling;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.autoscaling.v2.HPAScalingPolicy;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HPAScalingRules;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HPAScalingRulesBuilder;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscalerSpec;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscalerSpecBuilder;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class BoundsTest {
  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

  private static HPAScalingRules rules(int window, String type, int value) {
    return new HPAScalingRulesBuilder()
        .withStabilizationWindowSeconds(window)
        .withSelectPolicy("Max")
        .withPolicies(new HPAScalingPolicy(60, type, value))
        .build();
  }

  private static HorizontalPodAutoscalerSpec spec(HPAScalingRules up, HPAScalingRules down) {
    return new HorizontalPodAutoscalerSpecBuilder()
        .withMaxReplicas(100)
        .withNewBehavior()
        .withScaleUp(up)
        .withScaleDown(down)
        .endBehavior()
        .build();
  }

  private static Bounds bounds(
      HorizontalPodAutoscalerSpec spec, int current, History history, Instant now) {
    return new Bounds(spec, 1, current, history, now, Duration.ofMinutes(5));
  }

  /// Within its bounds, and never further than what was recommended nor away from it.
  @Property(tries = 500)
  void whatIsDoneLiesBetweenWhatIsThereAndWhatIsRecommended(
      @ForAll @IntRange(min = 1, max = 100) int current,
      @ForAll @IntRange(min = 1, max = 200) int recommended,
      @ForAll boolean behaves,
      @ForAll @IntRange(min = 1, max = 9) int value) {
    HorizontalPodAutoscalerSpec spec =
        spec(rules(0, "Pods", value), rules(0, "Percent", value * 10));
    if (!behaves) {
      spec.setBehavior(null);
    }
    History history = History.beginningWith(current, START);
    int done = bounds(spec, current, history, START).of(recommended).replicas();
    assertThat(done)
        .isBetween(
            Math.min(current, Math.min(100, recommended)),
            Math.max(current, Math.min(100, recommended)));
  }

  @Test
  void growthDoesNotOverflow() {
    HorizontalPodAutoscalerSpec spec = spec(rules(0, "Pods", 1_000_000_000), rules(0, "Pods", 1));
    spec.setMaxReplicas(Integer.MAX_VALUE);
    History history = History.beginningWith(1_500_000_000, START);
    assertThat(bounds(spec, 1_500_000_000, history, START).of(Integer.MAX_VALUE).replicas())
        .isEqualTo(Integer.MAX_VALUE);
    spec.setBehavior(null);
    assertThat(bounds(spec, 1_500_000_000, history, START).of(Integer.MAX_VALUE).replicas())
        .isEqualTo(Integer.MAX_VALUE);
  }

  /// A window of its own counts before the one that is usual, with and without a `behavior`.
  @Test
  void shrinkingWaitsForAsLongAsIsUsualWhereTheSpecSaysNothing() {
    HPAScalingRules silent = rules(0, "Pods", 99);
    silent.setStabilizationWindowSeconds(null);
    HorizontalPodAutoscalerSpec plain = spec(rules(0, "Pods", 9), silent);
    plain.setBehavior(null);
    for (HorizontalPodAutoscalerSpec spec : List.of(plain, spec(rules(0, "Pods", 9), silent))) {
      Duration window = Duration.ofSeconds(60);
      History history = History.beginningWith(10, START);
      assertThat(new Bounds(spec, 1, 10, history, START.plusSeconds(59), window).of(5).replicas())
          .isEqualTo(10);
      assertThat(new Bounds(spec, 1, 10, history, START.plusSeconds(61), window).of(5).replicas())
          .isEqualTo(5);
    }
  }

  /// However often it is looked at within a period: a policy counts what was done in it.
  @Test
  void aPolicyCountsWhatWasDoneInItsPeriod() {
    HorizontalPodAutoscalerSpec spec = spec(rules(0, "Pods", 4), rules(0, "Pods", 1));
    History history = History.beginningWith(2, START);
    int current = 2;
    StringBuilder sizes = new StringBuilder();
    for (int second = 0; second <= 120; second += 15) {
      Instant now = START.plusSeconds(second);
      Bounds.Bounded bounded = bounds(spec, current, history, now).of(50);
      history = bounded.history();
      if (bounded.replicas() != current) {
        history =
            history.changed(current, bounded.replicas(), spec.getBehavior().getScaleUp(), now);
      }
      current = bounded.replicas();
      sizes.append(current).append(' ');
    }
    assertThat(sizes.toString()).isEqualTo("6 6 6 6 10 10 10 10 14 ");
  }

  @Test
  void growingWaitsForTheLowestOfItsWindowAndShrinkingForTheHighest() {
    HorizontalPodAutoscalerSpec spec = spec(rules(30, "Pods", 99), rules(60, "Pods", 99));
    History history = History.beginningWith(10, START);
    int[] recommended = {20, 15, 5, 5, 5, 5, 5, 5};
    StringBuilder sizes = new StringBuilder();
    for (int i = 0; i < recommended.length; i++) {
      Bounds.Bounded bounded =
          bounds(spec, 10, history, START.plusSeconds(15L * (i + 1))).of(recommended[i]);
      history = bounded.history();
      sizes.append(bounded.replicas()).append(' ').append(bounded.able().reason()).append('\n');
    }
    assertThat(sizes.toString())
        .isEqualTo(
            """
            10 ScaleUpStabilized
            15 ReadyForNewScale
            10 ScaleDownStabilized
            10 ScaleDownStabilized
            10 ScaleDownStabilized
            5 ReadyForNewScale
            5 ReadyForNewScale
            5 ReadyForNewScale
            """);
  }
}
