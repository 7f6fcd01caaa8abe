// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What go-yaml says of bytes that are no text.
class YamlOctetsTest {
  @ParameterizedTest
  @CsvSource({
    "613a20ff, invalid leading UTF-8 octet",
    "613a2080, invalid leading UTF-8 octet",
    "613a20c3, incomplete UTF-8 octet sequence",
    "613a20c328, invalid trailing UTF-8 octet",
    "613a20c080, invalid length of a UTF-8 sequence",
    "613a20eda080, invalid Unicode character",
    "6b38730001020a, control characters are not allowed",
    "1f8b08, control characters are not allowed",
    "613a207f, control characters are not allowed",
    "613a20efbfbf, control characters are not allowed"
  })
  void bytesThatAreNoTextAreNoYaml(String hex, String problem) {
    assertThatThrownBy(() -> Yaml.read(HexFormat.of().parseHex(hex)))
        .isInstanceOf(CodecException.class)
        .hasMessage("yaml: " + problem);
  }

  @ParameterizedTest
  @CsvSource({
    "'a: b: c', mapping values are not allowed in this context",
    "'x: 1\na: b: c', line 2: mapping values are not allowed in this context",
    "'a: \"b', found unexpected end of stream"
  })
  void theFirstLineHasNoNumber(String text, String problem) {
    assertThatThrownBy(() -> Yaml.read(text.getBytes(StandardCharsets.UTF_8)))
        .hasMessage("yaml: " + problem);
  }

  @Test
  void allOtherTextIsRead() {
    for (String text : new String[] {"\ufeffa", "\u00e9", "\u20ac", "\ud83d\ude00", "\u00a0a"}) {
      String whole = "a: \"" + text.replace("\ufeff", "") + "\"\n";
      byte[] bytes =
          (text.startsWith("\ufeff") ? "\ufeff" + whole : whole).getBytes(StandardCharsets.UTF_8);
      assertThat(Yaml.read(bytes).path("a").asText()).isEqualTo(text.replace("\ufeff", ""));
    }
    assertThat(Yaml.read("a: b".getBytes(StandardCharsets.UTF_16)).path("a").asText())
        .isEqualTo("b");
  }
}
