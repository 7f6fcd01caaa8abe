// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.validate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.havn.schema.codec.CodecException;
import java.time.Instant;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TimesTest {
  @ParameterizedTest
  @CsvSource({
    "2026-01-02T03:04:05Z, false, 2026-01-02T03:04:05Z",
    "2026-01-31T23:59:59Z, false, 2026-01-31T23:59:59Z",
    "2026-01-02T03:04:05+02:00, false, 2026-01-02T01:04:05Z",
    "2026-01-02T03:04:05.9Z, false, 2026-01-02T03:04:05Z",
    "2026-01-02T03:04:05.000000+00:00, true, 2026-01-02T03:04:05.000000Z",
    "2026-01-02T03:04:05.123456Z, true, 2026-01-02T03:04:05.123456Z",
  })
  void givesTheCanonicalForm(String text, boolean micro, String canonical) {
    JsonNode changed = Times.canonical(new TextNode(text), micro);
    assertThat(changed == null ? text : changed.asText()).isEqualTo(canonical);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "2026-13-02T03:04:05Z",
        "2026-00-02T03:04:05Z",
        "2026-02-30T03:04:05Z",
        "2026-01-00T03:04:05Z",
        "2026-01-02T24:04:05Z",
        "2026-01-02T03:60:05Z",
        "2026-01-02T03:04:60Z",
        "2026-01-02 03:04:05Z",
        "2026-01-02T03:04:0xZ",
      })
  void refusesWhatIsNoTime(String text) {
    assertThatThrownBy(() -> Times.canonical(new TextNode(text), false))
        .isInstanceOf(CodecException.class)
        .hasMessageContaining(text);
  }

  @Property
  void whatItPrintsIsCanonical(@ForAll @LongRange(min = 0, max = 4_000_000_000L) long second) {
    Instant instant = Instant.ofEpochSecond(second, second % 1_000_000 * 1_000);
    assertThat(Times.canonical(new TextNode(Times.seconds(instant)), false)).isNull();
    assertThat(Times.canonical(new TextNode(Times.micros(instant)), true)).isNull();
  }
}
