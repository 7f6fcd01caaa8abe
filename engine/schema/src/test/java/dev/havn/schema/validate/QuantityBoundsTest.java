// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.validate;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.schema.codec.CodecException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class QuantityBoundsTest {
  @ParameterizedTest
  @ValueSource(strings = {"1e999999999999", "1E-99999999999", "1e101"})
  void anExponentOutOfRangeIsNoQuantity(String text) {
    assertThatThrownBy(() -> Quantity.parse(text)).isInstanceOf(CodecException.class);
  }

  @ParameterizedTest
  @ValueSource(ints = {300, 3_000_000})
  void moreDigitsThanAnythingHasAreRefused(int digits) {
    assertThatThrownBy(() -> Quantity.parse("1".repeat(digits))).isInstanceOf(CodecException.class);
  }
}
