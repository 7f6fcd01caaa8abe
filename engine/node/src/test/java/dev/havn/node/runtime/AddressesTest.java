// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class AddressesTest {
  @Test
  void bothAddressesOfOneEndInTheSameNumber() {
    Addresses both = Addresses.of("10.244.3.1", "10.244.3.0/24,fd00:10:244:3::/64");
    assertThat(both.hosts()).containsExactly("10.244.3.1", "fd00:10:244:3::1");
    assertThat(both.all("10.244.3.250")).containsExactly("10.244.3.250", "fd00:10:244:3::fa");
    assertThat(both.all("")).isEmpty();
  }

  @Test
  void whatIsNotOfTheNodesRangeHasNoOther() {
    Addresses both = Addresses.of("192.0.2.7", "10.244.3.0/24,fd00:10:244:3::/64");
    assertThat(both.hosts()).containsExactly("192.0.2.7");
    assertThat(Addresses.of("10.244.3.1", "10.244.3.0/24").hosts()).containsExactly("10.244.3.1");
  }
}
