// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SamplingTest {
  @ParameterizedTest
  @CsvSource({
    // all of few
    "0, 0, 0",
    "99, 0, 99",
    "99, 10, 99",
    "100, 0, 100",
    // 50 percent and one less for each 125 nodes, a hundred at least
    "250, 0, 120",
    "1000, 0, 420",
    "5000, 0, 500",
    // five percent at least
    "5625, 0, 281",
    "6000, 0, 300",
    "50000, 0, 2500",
    // as the configuration says, a hundred at least
    "1000, 30, 300",
    "1000, 1, 100",
    "1000, 100, 1000",
    "1000, 120, 1000"
  })
  void ofManyNodesAShareIsEnough(int nodes, int percentage, int enough) {
    assertThat(Sampling.enough(nodes, percentage)).isEqualTo(enough);
  }

  @Test
  void theNextPodBeginsWhereTheLastOneStopped() {
    Sampling sampling = new Sampling();
    assertThat(sampling.start(10)).isZero();
    sampling.looked(4, 10);
    assertThat(sampling.start(10)).isEqualTo(4);
    sampling.looked(8, 10);
    assertThat(sampling.start(10)).isEqualTo(2);
    assertThat(sampling.start(2)).as("of those that are left").isZero();
    assertThat(sampling.start(0)).isZero();
    sampling.looked(0, 0);
    assertThat(sampling.start(10)).isZero();
  }
}
