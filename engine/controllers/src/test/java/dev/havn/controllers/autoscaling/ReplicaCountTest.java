// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.autoscaling;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.controllers.autoscaling.Reading.Figure;
import dev.havn.controllers.autoscaling.ReplicaCount.Counted;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Amounts as large as a node may say them, 2^53 bytes, whose thousandths just fit.
class ReplicaCountTest {
  private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");
  private static final long BYTES_MAX = 1L << 53;
  private static final long MOST = BYTES_MAX * 1_000;

  /// @param requests in bytes, of a pod each
  private static ReplicaCount count(int current, long... requests) {
    List<Pod> pods = new ArrayList<>();
    for (long each : requests) {
      pods.add(
          new PodBuilder()
              .withNewMetadata()
              .withName("p" + pods.size())
              .endMetadata()
              .withNewSpec()
              .addNewContainer()
              .withName("c")
              .withNewResources()
              .addToRequests("memory", new Quantity(String.valueOf(each)))
              .endResources()
              .endContainer()
              .endSpec()
              .withNewStatus()
              .withPhase("Running")
              .endStatus()
              .build());
    }
    return new ReplicaCount(pods, current, new Tolerances(0.1, 0.1), ScalingOptions.USUAL, NOW);
  }

  private static Map<String, Figure> figures(long one, long other) {
    return Map.of("p0", figure(one), "p1", figure(other));
  }

  private static Figure figure(long milli) {
    return new Figure(milli, NOW, Duration.ofSeconds(15));
  }

  @Test
  void utilizationIsExactForAmountsWhoseSumsDoNotFit() {
    Counted counted =
        count(2, BYTES_MAX, BYTES_MAX).byUtilization(figures(MOST, MOST), "memory", "", 50);
    assertThat(counted).isEqualTo(new Counted(4, MOST, 100));
  }

  @Test
  void utilizationThatNoNumberHoldsIsTheLargest() {
    Counted counted = count(2, 1, 1).byUtilization(figures(MOST, MOST), "memory", "", 100);
    assertThat(counted.utilization()).isEqualTo(Integer.MAX_VALUE);
    assertThat(counted.usage()).isEqualTo(MOST);
    assertThat(counted.replicas()).isGreaterThan(2);
  }

  @Test
  void averagesAreExactForAmountsWhoseSumsDoNotFit() {
    assertThat(count(2, 1, 1).byAverage(figures(MOST, MOST - 1_000), "memory", MOST / 2))
        .isEqualTo(new Counted(4, MOST - 500, 0));
    assertThat(
            count(2, 1, 1)
                .byAverage(figures(Long.MAX_VALUE, Long.MAX_VALUE), "memory", Long.MAX_VALUE))
        .isEqualTo(new Counted(2, Long.MAX_VALUE, 0));
  }

  @Test
  void aPodWithoutFigureIsGuessedAsBusyWhateverItAsksFor() {
    Counted counted =
        count(2, BYTES_MAX, BYTES_MAX)
            .byUtilization(Map.of("p0", figure(MOST / 10)), "memory", "", 100);
    // One tenth and one whole are 55 percent of two.
    assertThat(counted).isEqualTo(new Counted(2, MOST / 10, 10));
  }

  @Test
  void sharesAreExactBeyondWhatAFractionHolds() {
    assertThat(count(3, 1).byShare(BYTES_MAX + 1, 2, 3))
        .isEqualTo(new Counted(Integer.MAX_VALUE, (BYTES_MAX + 1) / 3, 0));
    assertThat(count(1, 1).byShare(4 * BYTES_MAX + 1, 2 * BYTES_MAX, 1))
        .isEqualTo(new Counted(3, 4 * BYTES_MAX + 1, 0));
    assertThat(count(0, 1).byShare(7, 2, 0)).isEqualTo(new Counted(4, Long.MAX_VALUE, 0));
  }

  @Test
  void sumsOfRequestsAreTheMostThatFits() {
    Pod pod = count(1, BYTES_MAX).pods().getFirst();
    pod.getSpec()
        .setContainers(
            List.of(
                pod.getSpec().getContainers().getFirst(),
                pod.getSpec().getContainers().getFirst()));
    assertThat(Requests.of(List.of(pod), "", "memory")).containsEntry("p0", Long.MAX_VALUE);
  }

  @Test
  void whatAnExponentSaysIsNotWrittenOut() {
    assertThat(Amounts.milli("1e999999999")).isEqualTo(Long.MAX_VALUE);
    assertThat(Amounts.milli("-1e999999999")).isEqualTo(Long.MIN_VALUE);
    assertThat(Amounts.milli("1e-999999999")).isEqualTo(1);
    assertThat(Amounts.milli("-1e-999999999")).isZero();
    assertThat(Amounts.milli("9223372036854775.807")).isEqualTo(Long.MAX_VALUE);
    assertThat(Amounts.milli("9223372036854775.806")).isEqualTo(Long.MAX_VALUE - 1);
    assertThat(Amounts.milli("-0.0005")).isZero();
    assertThat(Amounts.plus(Long.MIN_VALUE, -1)).isEqualTo(Long.MIN_VALUE);
  }
}
