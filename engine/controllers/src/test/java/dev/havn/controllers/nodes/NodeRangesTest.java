// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.nodes;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import org.junit.jupiter.api.Test;

class NodeRangesTest {
  @Test
  void theLastFreeRangeIsGivenUntilNoneIsLeft() {
    assertThat(NodeRanges.free("10.244.0.0/16", Set.of()::contains)).contains("10.244.254.0/24");
    assertThat(NodeRanges.free("10.244.0.0/16", Set.of("10.244.254.0/24")::contains))
        .contains("10.244.253.0/24");
    assertThat(NodeRanges.free("10.0.2.0/23", Set.of("10.0.3.0/24")::contains))
        .contains("10.0.2.0/24");
    assertThat(NodeRanges.free("10.0.2.0/23", Set.of("10.0.3.0/24", "10.0.2.0/24")::contains))
        .isEmpty();
  }

  @Test
  void theRangeOfLoadBalancersIsNoNodes() {
    assertThat(NodeRanges.free("10.244.0.0/15", Set.of()::contains)).contains("10.245.255.0/24");
    assertThat(NodeRanges.free("10.244.255.0/24", Set.of()::contains)).contains("10.244.255.0/24");
  }

  @Test
  void theRangeOfTheSecondFamilyHasTheSameNumber() {
    assertThat(NodeRanges.second("10.244.0.0/16", "10.244.0.0/24", "fd00:10:244::/56"))
        .isEqualTo("fd00:10:244::/64");
    assertThat(NodeRanges.second("10.244.0.0/16", "10.244.254.0/24", "fd00:10:244::/56"))
        .isEqualTo("fd00:10:244:fe::/64");
    assertThat(NodeRanges.second("10.244.0.0/15", "10.245.1.0/24", "fd00::/48"))
        .isEqualTo("fd00:0:0:101::/64");
  }
}
