// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.addresses.Ranges;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class AddressesTest {
  private static Addresses addresses(String host, String pods) {
    return new Addresses(host, Ranges.parse(pods));
  }

  @Test
  void bothAddressesOfOneHaveTheSameNumber() {
    Addresses both = addresses("10.244.3.1", "10.244.3.0/24,fd00:10:244:3::/64");
    assertThat(both.hosts()).containsExactly("10.244.3.1", "fd00:10:244:3::1");
    assertThat(both.all("10.244.3.250")).containsExactly("10.244.3.250", "fd00:10:244:3::fa");
    assertThat(both.all("")).isEmpty();
    Addresses turned = addresses("fd00:10:244:3::1", "fd00:10:244:3::/64,10.244.3.0/24");
    assertThat(turned.hosts()).containsExactly("fd00:10:244:3::1", "10.244.3.1");
    assertThat(turned.all("fd00:10:244:3::fa"))
        .containsExactly("fd00:10:244:3::fa", "10.244.3.250");
  }

  @Test
  void whatIsNotOfTheNodesRangeHasNoOther() {
    assertThat(addresses("192.0.2.7", "10.244.3.0/24,fd00:10:244:3::/64").hosts())
        .containsExactly("192.0.2.7");
    assertThat(addresses("10.244.3.1", "10.244.3.0/24").hosts()).containsExactly("10.244.3.1");
    assertThat(addresses("fd00::1", "fd00::/64").hosts()).containsExactly("fd00::1");
  }

  @Test
  void whatPluginsReportIsAllThatTheirPodsHave() {
    Map<String, List<String>> reported =
        Map.of(
            "10.88.0.2", List.of("10.88.0.2", "fd00:88::9"),
            "10.244.3.7", List.of("10.244.3.7"));
    Addresses both =
        new Addresses(
            "10.244.3.1",
            Ranges.parse("10.244.3.0/24,fd00:10:244:3::/64"),
            each -> reported.getOrDefault(each, List.of()));
    assertThat(both.all("10.88.0.2")).containsExactly("10.88.0.2", "fd00:88::9");
    assertThat(both.all("10.244.3.7")).containsExactly("10.244.3.7");
    assertThat(both.all("10.244.3.8")).containsExactly("10.244.3.8", "fd00:10:244:3::8");
    assertThat(both.hosts()).containsExactly("10.244.3.1", "fd00:10:244:3::1");
  }
}
