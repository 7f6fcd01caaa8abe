// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.nodes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.addresses.Ranges;
import java.util.Set;
import org.junit.jupiter.api.Test;

class NodeRangesTest {
  private static String free(String ranges, String... taken) {
    return NodeRanges.free(Ranges.parse(ranges), Set.of(taken)::contains)
        .map(Ranges::toString)
        .orElse("none");
  }

  @Test
  void theLastFreeRangeIsGivenUntilNoneIsLeft() {
    assertThat(free("10.244.0.0/16")).isEqualTo("10.244.254.0/24");
    assertThat(free("10.244.0.0/16", "10.244.254.0/24")).isEqualTo("10.244.253.0/24");
    assertThat(free("10.0.2.0/23", "10.0.3.0/24")).isEqualTo("10.0.2.0/24");
    assertThat(free("10.0.2.0/23", "10.0.3.0/24", "10.0.2.0/24")).isEqualTo("none");
  }

  @Test
  void theRangeOfLoadBalancersIsNoNodes() {
    assertThat(free("10.244.0.0/15")).isEqualTo("10.245.255.0/24");
    assertThat(free("10.244.255.0/24")).isEqualTo("10.244.255.0/24");
  }

  @Test
  void theRangeOfTheSecondFamilyHasTheSameNumber() {
    assertThat(free("10.244.0.0/16,fd00:10:244::/56"))
        .isEqualTo("10.244.254.0/24,fd00:10:244:fe::/64");
    assertThat(free("10.244.0.0/23,fd00::/48", "10.244.1.0/24"))
        .isEqualTo("10.244.0.0/24,fd00::/64");
    assertThat(free("fd00::/48,10.244.0.0/15")).isEqualTo("fd00:0:0:1ff::/64,10.245.255.0/24");
  }

  @Test
  void rangesWhoseNumberLinksHaveNoRoomForComeLast() {
    assertThat(free("fd00::/48")).isEqualTo("fd00:0:0:50f::/64");
    assertThat(
            NodeRanges.free(Ranges.parse("fd00::/48"), each -> !each.equals("fd00:0:0:510::/64")))
        .contains(Ranges.parse("fd00:0:0:510::/64"));
  }
}
