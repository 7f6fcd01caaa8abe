// SPDX-License-Identifier: Apache-2.0
package dev.havn.network.rules;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class Ipv6Test {
  @ParameterizedTest
  @CsvSource({
    "fd00:0010:0244:0:0:0:0:5, fd00:10:244::5",
    "::, ::",
    "0:0:0:0:0:0:0:1, ::1",
    "FD00::0:0, fd00::",
    "fd00:0:0:1:0:0:0:1, fd00:0:0:1::1",
    "0:0:1:0:0:1:0:1, ::1:0:0:1:0:1",
    "1:2:3:4:5:6:7:8, 1:2:3:4:5:6:7:8",
    "1:0:3:4:5:6:0:8, 1:0:3:4:5:6:0:8",
  })
  void anAddressIsOneHoweverItIsWritten(String written, String canonical) {
    assertThat(Ipv6.isAddress(written)).isTrue();
    assertThat(Ipv6.canonical(written)).isEqualTo(canonical);
    assertThat(Ipv6.canonical(canonical)).isEqualTo(canonical);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"10.0.0.1", "", ":", "localhost", "fd00::1%eth0", "::ffff:10.0.0.1", "1:2", "g::"})
  void whatIsNoAddressMayNotStandInRules(String text) {
    assertThat(Ipv6.isAddress(text)).isFalse();
    assertThat(Ipv6.isTarget(text)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"::", "::1", "fe80::1", "ff02::1"})
  void nobodysPacketsAreLedToAMachinesOwnOrToMany(String text) {
    assertThat(Ipv6.isAddress(text)).isTrue();
    assertThat(Ipv6.isTarget(text)).isFalse();
  }
}
