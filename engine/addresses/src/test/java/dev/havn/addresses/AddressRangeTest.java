// SPDX-License-Identifier: Apache-2.0
package dev.havn.addresses;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AddressRangeTest {
  @Test
  void aRangeKnowsItsAddresses() {
    AddressRange range = AddressRange.parse("10.244.255.0/24");
    assertThat(range.size()).isEqualTo(256);
    assertThat(range.address(1)).isEqualTo("10.244.255.1");
    assertThat(range.number("10.244.255.200")).isEqualTo(200);
    assertThat(range.contains("10.244.255.200")).isTrue();
    assertThat(range.contains("10.244.254.200")).isFalse();
    assertThat(range.contains("fd00::1")).isFalse();
    assertThat(AddressRange.parse("0.0.0.0/0").contains("203.0.113.1")).isTrue();
    AddressRange second = AddressRange.parse("fd00:10:244:ff::/64");
    assertThat(second.size()).isEqualTo(65_536);
    assertThat(second.address(17)).isEqualTo("fd00:10:244:ff::11");
    assertThat(second.number("fd00:10:244:ff::11")).isEqualTo(17);
    assertThat(second.contains("fd00:10:244:ff:1::")).isTrue();
    assertThat(second.contains("fd00:10:244:fe::1")).isFalse();
    assertThat(second.contains("10.244.255.200")).isFalse();
    assertThat(AddressRange.parse("::/0").contains("2001:db8::1")).isTrue();
    assertThat(AddressRange.parse("200.0.0.0/30").address(2)).isEqualTo("200.0.0.2");
  }

  @ParameterizedTest
  @CsvSource({
    "10.7.9.9/20, 10.7.0.0/20",
    "fd00:0010:244::1/56, fd00:10:244::/56",
    "FD00:0:0:1:0:0:0:1/128, fd00:0:0:1::1/128",
    "1:0:2:3:4:5:6:7/128, 1:0:2:3:4:5:6:7/128",
    "::/0, ::/0",
    "::ffff:10.0.0.1/128, ::ffff:a00:1/128",
  })
  void aRangeIsWrittenInItsUsualForm(String given, String usual) {
    assertThat(AddressRange.parse(given)).hasToString(usual);
  }

  @Test
  void aNodeHasItsPartOfTheRange() {
    AddressRange range = AddressRange.parse("10.7.0.0/16");
    assertThat(range.ofNode(3)).hasToString("10.7.3.0/24");
    assertThat(range.indexOf(range.ofNode(3))).isEqualTo(3);
    assertThat(range.nodes()).isEqualTo(256);
    assertThat(AddressRange.parse("10.7.0.0/25").nodes()).isZero();
    AddressRange second = AddressRange.parse("fd00:10:244::/48");
    assertThat(second.ofNode(300)).hasToString("fd00:10:244:12c::/64");
    assertThat(second.indexOf(second.ofNode(300))).isEqualTo(300);
    assertThat(second.nodes()).isEqualTo(65_536);
  }

  @Test
  void rangesOverlapWhereOneIsInTheOther() {
    AddressRange large = AddressRange.parse("10.4.0.0/14");
    AddressRange small = AddressRange.parse("10.5.0.0/16");
    assertThat(large.overlaps(small)).isTrue();
    assertThat(small.overlaps(large)).isTrue();
    assertThat(small.contains(large)).isFalse();
    assertThat(small.overlaps(AddressRange.parse("10.6.0.0/16"))).isFalse();
    assertThat(AddressRange.parse("::/0").overlaps(small)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "10.0.0.0", "10.0.0.0/33", "10.300.0.0/16", "10.0/16", "fd00::/129", "x/8"})
  void whatIsNoRangeIsRefused(String text) {
    assertThatThrownBy(() -> AddressRange.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(text.replaceFirst("/.*", ""));
  }

  @Test
  void thereIsOneRangeOfEachFamilyAtMost() {
    Ranges both = Ranges.parse("fd00:10:244::/56,10.244.0.0/16");
    assertThat(both.families()).containsExactly(AddressFamily.IPV6, AddressFamily.IPV4);
    assertThat(both.first()).hasToString("fd00:10:244::/56");
    assertThat(both.of(AddressFamily.IPV4).orElseThrow()).hasToString("10.244.0.0/16");
    assertThat(both.ofNode(7)).hasToString("fd00:10:244:7::/64,10.244.7.0/24");
    assertThat(both.ofNode(7).addresses(250)).containsExactly("fd00:10:244:7::fa", "10.244.7.250");
    assertThat(both.contains("10.244.9.9")).isTrue();
    assertThat(both.nodes()).isEqualTo(256);
    for (String text : new String[] {"10.5.0.0/16,10.6.0.0/16", "10.5.0.0/16,", ""}) {
      assertThatThrownBy(() -> Ranges.parse(text))
          .as(text)
          .isInstanceOf(IllegalArgumentException.class);
    }
  }
}
