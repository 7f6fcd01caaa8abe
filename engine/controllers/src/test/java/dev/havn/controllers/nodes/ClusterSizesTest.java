// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.nodes;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ClusterSizesTest {
  private final ClusterSizes ttl = new ClusterSizes();

  @Test
  void theMoreNodesTheLongerTheAnswer() {
    assertThat(ttl.seconds(100)).isZero();
    assertThat(ttl.seconds(101)).isEqualTo(15);
    assertThat(ttl.seconds(501)).isEqualTo(30);
    assertThat(ttl.seconds(1_001)).isEqualTo(60);
    assertThat(ttl.seconds(2_001)).isEqualTo(300);
    assertThat(ttl.seconds(1)).isZero();
  }

  @Test
  void betweenTwoSizesTheLastAnswerStays() {
    assertThat(ttl.seconds(95)).isZero();
    assertThat(ttl.seconds(101)).isEqualTo(15);
    assertThat(ttl.seconds(95)).isEqualTo(15);
    assertThat(ttl.seconds(89)).isZero();
  }

  @Test
  void onlyAnotherAnswerConcernsTheOtherNodes() {
    assertThat(ttl.changes(50)).isFalse();
    assertThat(ttl.changes(101)).isTrue();
    assertThat(ttl.changes(102)).isFalse();
    assertThat(ttl.changes(89)).isTrue();
  }
}
