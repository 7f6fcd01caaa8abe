// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.codec;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GoDurationTest {
  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "-0, 0",
    "0s, 0",
    "1h30m, 5400000000000",
    "-2ms, -2000000",
    "+1.5s, 1500000000",
    ".5s, 500000000",
    "1.s, 1000000000",
    "1.9ns, 1",
    "3us, 3000",
    "3µs, 3000",
    "3μs, 3000",
    "0.100000000000000000000h, 360000000000",
    "9223372036854775807ns, 9223372036854775807",
    "2562047h47m16.854775807s, 9223372036854775807"
  })
  void isReadAsGoReadsIt(String text, long nanos) {
    assertThat(GoDuration.parse(text)).contains(Duration.ofNanos(nanos));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "-",
        "+",
        "3",
        "s",
        ".s",
        "-.",
        "1x",
        "1h-1m",
        "1 h",
        "00",
        "9223372036854775808ns",
        "2562047h47m16.854775808s",
        "3000000h",
        "1.1.1s",
        "1hh"
      })
  void isNone(String text) {
    assertThat(GoDuration.parse(text)).isEmpty();
  }

  @Property(tries = 300)
  void whatIsShownIsReadBack(@ForAll @LongRange(min = 0) long nanos) {
    Duration duration = Duration.ofNanos(nanos / 1_000_000 * 1_000_000);
    assertThat(GoDuration.parse(GoDuration.words(duration))).contains(duration);
  }
}
