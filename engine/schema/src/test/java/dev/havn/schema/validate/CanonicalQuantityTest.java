// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.validate;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.TextNode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CanonicalQuantityTest {
  private static final String[] SUFFIXES = {
    "", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"
  };

  private static String canonical(String text) {
    JsonNode changed = Quantity.canonical(new TextNode(text));
    return changed == null ? text : changed.asText();
  }

  @ParameterizedTest
  @CsvSource({"100m, 100m", "1000m, 1", "0, 0", "0500m, 500m", "1024Mi, 1Gi", "1536Mi, 1536Mi"})
  void isTheLargestSuffixThatAllowsIt(String text, String expected) {
    assertThat(canonical(text)).isEqualTo(expected);
  }

  /// What is taken for canonical without being read is so.
  @Property
  void isTheSameAsOfANumberThatWasRead(
      @ForAll @LongRange(min = 0, max = 4_000_000) long number,
      @ForAll @LongRange(min = 0, max = 15) long suffix) {
    for (long each : new long[] {number, number * 1000, number * 1024}) {
      String text = each + SUFFIXES[(int) suffix];
      assertThat(canonical(text)).isEqualTo(Quantity.parse(text).toString());
    }
  }
}
