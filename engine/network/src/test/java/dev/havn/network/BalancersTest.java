// SPDX-License-Identifier: Apache-2.0
package dev.havn.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.addresses.AddressRange;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class BalancersTest {
  private static final AddressRange RANGE = AddressRange.parse("fd12:3456:789a:ff::/112");
  private static final AddressRange FIRST = AddressRange.parse("10.96.255.0/24");
  private static final String OWNED = "fd12:3456:789a:ff::1";

  @Test
  void whoSpellsAnAddressOtherwiseThanItsOwnerDoesNotGetIt() {
    for (String wanted : List.of("fd12:3456:789a:ff:0::1", "FD12:3456:789A:00ff:0:0:0:0001")) {
      refuses(wanted, OWNED);
    }
    refuses(OWNED, "FD12:3456:789A:FF:0:0:0:1");
  }

  private static void refuses(String wanted, String taken) {
    assertThatThrownBy(() -> Balancers.choose(RANGE, Set.of(taken), wanted))
        .isInstanceOf(Balancers.NoAddressException.class)
        .hasMessage(
            "loadBalancerIP fd12:3456:789a:ff::1 is another Service's: ask for another address of load-balancer-range fd12:3456:789a:ff::/112, or for none");
  }

  @Test
  void aFreeAddressIsGivenInItsUsualForm() throws Exception {
    assertThat(Balancers.choose(RANGE, Set.of(OWNED), "fd12:3456:789a:ff:0::7"))
        .isEqualTo("fd12:3456:789a:ff::7");
  }

  @Test
  void whatIsNoAddressOfTheRangeIsNobodys() throws Exception {
    for (String taken : new String[] {"", "me", "10.96.254.9", "::ffff:10.96.255.2"}) {
      assertThat(Balancers.choose(FIRST, Set.of(taken, "10.96.255.1"), ""))
          .as(taken)
          .isEqualTo("10.96.255.2");
    }
  }

  @Test
  void whoHasAnAddressOfAFormerRangeGetsAnotherAndNobodyElseDoes() {
    List<AddressRange> former = List.of(AddressRange.parse("10.1.255.0/24"), FIRST);
    List<AddressRange> now = List.of(FIRST, RANGE);
    assertThat(Balancers.lacks(List.of(), now, former)).isTrue();
    assertThat(Balancers.lacks(List.of("10.1.255.7"), now, former)).isTrue();
    assertThat(Balancers.lacks(List.of("10.96.255.7"), now, former)).isFalse();
    assertThat(Balancers.lacks(List.of("192.0.2.7"), now, former)).isFalse();
    assertThat(Balancers.lacks(List.of(""), now, former)).as("a host's name").isFalse();
    assertThat(Balancers.lacks(List.of("10.1.255.7", OWNED), now, former)).isFalse();
  }
}
