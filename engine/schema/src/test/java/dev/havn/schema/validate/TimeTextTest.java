// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.validate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.schema.codec.CodecException;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TimeTextTest {
  /// As answered by Kubernetes.
  private static final String RECORDED =
      """
      true | '2026-01-01T00:00:00Z' | parsing time "2026-01-01T00:00:00Z" as "2006-01-02T15:04:05.000000Z07:00": cannot parse "Z" as ".000000"
      true | '2026-01-01T00:00:00.123Z' | parsing time "2026-01-01T00:00:00.123Z" as "2006-01-02T15:04:05.000000Z07:00": cannot parse ".123Z" as ".000000"
      true | '2026-01-01T00:00:00.123456789Z' | parsing time "2026-01-01T00:00:00.123456789Z" as "2006-01-02T15:04:05.000000Z07:00": cannot parse "789Z" as "Z07:00"
      true | '2026-01-01T00:00:00.123456Z' | is a time
      true | '2026-01-01T00:00:00.123456+02:00' | is a time
      true | '2026-13-01T00:00:00.123456Z' | parsing time "2026-13-01T00:00:00.123456Z": month out of range
      true | '2026-02-30T00:00:00.123456Z' | parsing time "2026-02-30T00:00:00.123456Z": day out of range
      true | '2026-01-01T25:00:00.123456Z' | parsing time "2026-01-01T25:00:00.123456Z": hour out of range
      true | 'nonsense' | parsing time "nonsense" as "2006-01-02T15:04:05.000000Z07:00": cannot parse "nonsense" as "2006"
      true | '2026-1-01T00:00:00.123456Z' | parsing time "2026-1-01T00:00:00.123456Z" as "2006-01-02T15:04:05.000000Z07:00": cannot parse "1-01T00:00:00.123456Z" as "01"
      true | '2026-01-01 00:00:00.123456Z' | parsing time "2026-01-01 00:00:00.123456Z" as "2006-01-02T15:04:05.000000Z07:00": cannot parse " 00:00:00.123456Z" as "T"
      true | '2026-01-01T00:00:00.123456' | parsing time "2026-01-01T00:00:00.123456" as "2006-01-02T15:04:05.000000Z07:00": cannot parse "" as "Z07:00"
      true | '2026-01-01T00:00:00,123456Z' | is a time
      true | '' | parsing time "" as "2006-01-02T15:04:05.000000Z07:00": cannot parse "" as "2006"
      true | '2026-01-01T00:00:00.123456Zx' | parsing time "2026-01-01T00:00:00.123456Zx": extra text: "x"
      true | '2026-01-01T00:61:00.123456Z' | parsing time "2026-01-01T00:61:00.123456Z": minute out of range
      true | '2026-01-01T00:00:60.000000Z' | parsing time "2026-01-01T00:00:60.000000Z": second out of range
      true | '2026-01-01T00:00:00.12345xZ' | parsing time "2026-01-01T00:00:00.12345xZ" as "2006-01-02T15:04:05.000000Z07:00": cannot parse ".12345xZ" as ".000000"
      true | '26-01-01T00:00:00.123456Z' | parsing time "26-01-01T00:00:00.123456Z" as "2006-01-02T15:04:05.000000Z07:00": cannot parse "26-01-01T00:00:00.123456Z" as "2006"
      true | '2026-01-01T00:00:00.123456+25:00' | parsing time "2026-01-01T00:00:00.123456+25:00": time zone offset hour out of range
      false | '2026-01-01T00:00:00Z' | is a time
      false | '2026-01-01T00:00:00.5Z' | is a time
      false | '2026-01-01T00:00:00.Z' | parsing time "2026-01-01T00:00:00.Z" as "2006-01-02T15:04:05Z07:00": cannot parse ".Z" as "Z07:00"
      false | 'nonsense' | parsing time "nonsense" as "2006-01-02T15:04:05Z07:00": cannot parse "nonsense" as "2006"
      false | '2026-13-01T00:00:00Z' | parsing time "2026-13-01T00:00:00Z": month out of range
      false | '2026-02-30T00:00:00Z' | parsing time "2026-02-30T00:00:00Z": day out of range
      false | '2026-1-01T00:00:00Z' | parsing time "2026-1-01T00:00:00Z" as "2006-01-02T15:04:05Z07:00": cannot parse "1-01T00:00:00Z" as "01"
      false | '2026-01-01T00:00:00' | parsing time "2026-01-01T00:00:00" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "Z07:00"
      false | '2026-01-01T24:00:00Z' | parsing time "2026-01-01T24:00:00Z": hour out of range
      false | '2026-01-01T00:00:00Zx' | parsing time "2026-01-01T00:00:00Zx": extra text: "x"
      false | '2026-01-01T00:00:00,5Z' | is a time
      false | '2026-01-01T0:00:00Z' | is a time
      false | '' | parsing time "" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "2006"
      """;

  /// What a Kubernetes 1.36 answers about a Lease with such times.
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '\'',
      emptyValue = "",
      ignoreLeadingAndTrailingWhitespace = true,
      textBlock = RECORDED)
  void isReadAndRefusedAsByKubernetes(boolean micro, String text, String answer) {
    if (answer.equals("is a time")) {
      assertThat(TimeText.read(text, micro))
          .isBetween(at("2025-12-31T22:00:00Z"), at("2026-01-01T00:00:01Z"));
    } else {
      assertThatThrownBy(() -> TimeText.read(text, micro))
          .isInstanceOf(CodecException.class)
          .hasMessage(answer);
    }
  }

  private static Instant at(String text) {
    return Instant.parse(text);
  }

  @Test
  void offsetsAndFractionsCount() {
    assertThat(TimeText.read("2026-01-01T00:00:00.123456+02:00", true))
        .isEqualTo(at("2025-12-31T22:00:00.123456Z"));
    assertThat(TimeText.read("2026-01-01T00:00:00.5-00:30", false))
        .isEqualTo(at("2026-01-01T00:30:00.5Z"));
    assertThat(TimeText.read("2026-01-01T00:00:00.1234567891Z", false))
        .isEqualTo(at("2026-01-01T00:00:00.123456789Z"));
  }
}
