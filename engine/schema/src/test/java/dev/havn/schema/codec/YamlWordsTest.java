// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What kube-apiserver makes of the same words.
class YamlWordsTest {
  @ParameterizedTest
  @CsvSource({
    "y, true", "n, false", "Yes, true", "NO, false", "on, true", "Off, false", "True, true",
    "FALSE, false", "~, null", "Null, null", "017, 15", "0o17, 15", "0x1F, 31", "0b11, 3",
    "-0b11, -3", "1_000, 1000", "+1, 1", "1e3, 1000", "1., 1", ".5, 0.5", "08, 8",
    "18446744073709551615, 18446744073709551615", "!!bool y, true", "!!float 3, 3"
  })
  void readsWordsAsGoDoes(String word, String json) {
    assertThat(read(word)).isEqualTo(json);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "12:30:45",
        "2026-01-02",
        "2026-01-02T03:04:05Z",
        "tRUE",
        "yEs",
        "=",
        "1.2.3",
        "0x",
        "0b2",
        "1e999999",
        "_1",
        ".",
        "!!str y",
        "'y'",
        "\"017\""
      })
  void leavesTextsAsTheyAre(String word) {
    String text = word.replaceAll("^!!str |['\"]", "");
    assertThat(read(word)).isEqualTo("\"" + text + "\"");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "y",
        "No",
        "on",
        "True",
        "null",
        "~",
        "",
        "017",
        "0o17",
        "1_000",
        "1e3",
        ".5",
        ".inf",
        "<<",
        "2026-01-02T03:04:05Z",
        "0x1F",
        "12:30:45",
        "plain",
        "- a",
        "a: b",
        "'",
        "\u20ac"
      })
  void readsWhatItHasWritten(String text) {
    String written = Yaml.write(JsonNodeFactory.instance.textNode(text));
    assertThat(read(written)).isEqualTo(JsonNodeFactory.instance.textNode(text).toString());
  }

  @Test
  void quotesWhatGoWouldTakeForSomethingElse() {
    for (String each : List.of("y", "True", "017", "2026-01-02T03:04:05Z")) {
      assertThat(Yaml.write(JsonNodeFactory.instance.textNode(each)).strip())
          .isEqualTo("'" + each + "'");
    }
  }

  @Test
  void mergesMaps() {
    assertThat(tree("{a: &a {b: c, d: e}, f: {<<: *a, d: g}}"))
        .isEqualTo(tree("{a: {b: c, d: e}, f: {b: c, d: g}}"));
  }

  @Test
  void refusesTagsThatDoNotFit() {
    assertThatThrownBy(() -> read("!!int abc"))
        .isInstanceOf(CodecException.class)
        .hasMessage("yaml: cannot decode !!str `abc` as a !!int");
  }

  private static String read(String text) {
    return tree(text).toString();
  }

  private static JsonNode tree(String text) {
    return Yaml.read(text.getBytes(StandardCharsets.UTF_8));
  }
}
