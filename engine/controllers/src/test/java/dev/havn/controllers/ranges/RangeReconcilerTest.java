// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.ranges;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.addresses.AddressRange;
import io.fabric8.kubernetes.api.model.networking.v1.ServiceCIDR;
import io.fabric8.kubernetes.api.model.networking.v1.ServiceCIDRBuilder;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RangeReconcilerTest {
  private static ServiceCIDR range(String name, String... parts) {
    return new ServiceCIDRBuilder()
        .withNewMetadata()
        .withName(name)
        .endMetadata()
        .withNewSpec()
        .withCidrs(parts)
        .endSpec()
        .build();
  }

  @ParameterizedTest
  @CsvSource({
    "10.0.0.0/24, 10.0.0.1, true",
    "10.0.0.0/24, 10.0.0.0, false",
    "10.0.0.0/24, 10.0.0.255, false",
    "10.0.0.0/24, 10.0.1.1, false",
    "fd00::/120, fd00::ff, true",
    "fd00::/120, fd00::, false",
    "fd00::/120, 10.0.0.1, false",
  })
  void aServiceGetsAllButTheFirstAndTheLast(String range, String address, boolean serves) {
    assertThat(RangeReconciler.serves(AddressRange.parse(range), address)).isEqualTo(serves);
  }

  @Test
  void aRangeWithAddressesInUseIsNotSpare() {
    ServiceCIDR range = range("a", "10.0.0.0/24");
    assertThat(RangeReconciler.isSpare(range, List.of(range), List.of("10.0.0.9"))).isFalse();
    assertThat(RangeReconciler.isSpare(range, List.of(range), List.of("10.0.1.9"))).isTrue();
  }

  @Test
  void anotherThatHasTheSameAddressesMakesItSpare() {
    ServiceCIDR range = range("a", "10.0.0.0/24");
    List<String> used = List.of("10.0.0.9");
    ServiceCIDR around = range("b", "10.0.0.0/16");
    assertThat(RangeReconciler.isSpare(range, List.of(range, around), used)).isTrue();
    ServiceCIDR within = range("c", "10.0.0.8/29");
    assertThat(RangeReconciler.isSpare(range, List.of(range, within), used)).isTrue();
    assertThat(RangeReconciler.isSpare(range, List.of(range, within), List.of("10.0.0.99")))
        .isFalse();
  }

  @Test
  void bothFamiliesMustBeCovered() {
    ServiceCIDR range = range("a", "10.0.0.0/24", "fd00::/120");
    ServiceCIDR half = range("b", "10.0.0.0/16");
    assertThat(RangeReconciler.isSpare(range, List.of(range, half), List.of("fd00::5"))).isFalse();
    assertThat(RangeReconciler.overlap(range, half)).isTrue();
    assertThat(RangeReconciler.overlap(half, range("c", "10.1.0.0/24"))).isFalse();
  }
}
