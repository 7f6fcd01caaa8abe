// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.codec;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class JsonSyntaxTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"a\":fa | invalid character ' ' in literal false (expecting 'l')",
        "[- | invalid character ' ' in numeric literal",
        "[1. | invalid character ' ' after decimal point in numeric literal",
        "[1e | invalid character ' ' in exponent of numeric literal",
        "[\"\\ | invalid character ' ' in string escape code",
        "[\"\\u12 | invalid character ' ' in \\u hexadecimal character escape",
        "[\"a | unexpected end of JSON input",
        "{\"a\" | unexpected end of JSON input",
        "[1 | unexpected end of JSON input",
      })
  void aTextThatIsCutEndsInABlankWhereNoneMayStand(String text, String problem) {
    assertThat(JsonSyntax.problem(text.getBytes(StandardCharsets.UTF_8))).isEqualTo(problem);
  }
}
