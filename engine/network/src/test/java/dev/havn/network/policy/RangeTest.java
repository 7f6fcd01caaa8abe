// SPDX-License-Identifier: Apache-2.0
package dev.havn.network.policy;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class RangeTest {
  @Test
  void aRangeKnowsItsAddresses() {
    Range range = Range.parse("10.244.255.0/24");
    assertThat(range.size()).isEqualTo(256);
    assertThat(range.address(1)).isEqualTo("10.244.255.1");
    assertThat(range.contains("10.244.255.200")).isTrue();
    assertThat(range.contains("10.244.254.200")).isFalse();
    assertThat(range.contains("fd00::1")).isFalse();
    assertThat(Range.parse("0.0.0.0/0").contains("203.0.113.1")).isTrue();
    Range second = Range.parse("fd00:10:244:ff::/64");
    assertThat(second.size()).isEqualTo(65_536);
    assertThat(second.address(17)).isEqualTo("fd00:10:244:ff::11");
    assertThat(second.contains("fd00:10:244:ff:1::")).isTrue();
    assertThat(second.contains("fd00:10:244:fe::1")).isFalse();
    assertThat(second.contains("10.244.255.200")).isFalse();
    assertThat(Range.parse("::/0").contains("2001:db8::1")).isTrue();
    assertThat(Range.parse("200.0.0.0/30").address(2)).isEqualTo("200.0.0.2");
  }
}
