// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.disruption;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudgetSpec;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudgetSpecBuilder;
import org.junit.jupiter.api.Test;

class AllowanceTest {
  private static PodDisruptionBudgetSpec atLeast(IntOrString pods) {
    return new PodDisruptionBudgetSpecBuilder().withMinAvailable(pods).build();
  }

  private static PodDisruptionBudgetSpec atMostGone(IntOrString pods) {
    return new PodDisruptionBudgetSpecBuilder().withMaxUnavailable(pods).build();
  }

  @Test
  void aMinimumCountsThePodsThatThereAre() {
    assertThat(Allowance.of(atLeast(new IntOrString(2)), 3, 3, 9))
        .isEqualTo(new Allowance(3, 3, 2, 1));
    assertThat(Allowance.of(atLeast(new IntOrString(2)), 1, 1, 9).allowed()).isZero();
  }

  @Test
  void aPercentageIsOfWhatControllersWantAndRoundsUp() {
    assertThat(Allowance.of(atLeast(new IntOrString("50%")), 3, 3, 3))
        .isEqualTo(new Allowance(3, 3, 2, 1));
    assertThat(Allowance.of(atMostGone(new IntOrString("30%")), 4, 4, 4))
        .isEqualTo(new Allowance(4, 4, 2, 2));
  }

  @Test
  void aMaximumOfMissingPodsCountsThoseThatAreMissingAlready() {
    assertThat(Allowance.of(atMostGone(new IntOrString(1)), 2, 2, 3))
        .isEqualTo(new Allowance(3, 2, 2, 0));
  }

  @Test
  void thousandsOfMillionsDoNotOverflow() {
    assertThat(Allowance.of(atLeast(new IntOrString("90%")), 1, 1, 2_000_000_000))
        .isEqualTo(new Allowance(2_000_000_000, 1, 1_800_000_000, 0));
  }

  @Test
  void withoutPodsNothingIsAllowed() {
    assertThat(Allowance.of(atMostGone(new IntOrString(1)), 0, 0, 0).allowed()).isZero();
  }
}
