// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.codec;

import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Durations as Go writes them: `1h30m`, `1.5s`, `-2ms`.
public final class GoDuration {
  private static final Pattern WHOLE =
      Pattern.compile("[-+]?(?:0|(?:(?:[0-9]+(?:\\.[0-9]*)?|\\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h))+)");
  private static final Pattern PART =
      Pattern.compile("([0-9]+(?:\\.[0-9]*)?|\\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)");
  private static final Map<String, Long> NANOS =
      Map.of(
          "ns", 1L,
          "us", 1_000L,
          "µs", 1_000L,
          "μs", 1_000L,
          "ms", 1_000_000L,
          "s", 1_000_000_000L,
          "m", 60_000_000_000L,
          "h", 3_600_000_000_000L);

  /// A number and all that may be its unit.
  private static final Pattern NUMBER = Pattern.compile("([0-9]+\\.?[0-9]*|\\.[0-9]+)([^0-9.]*)");

  private static final long SECOND_NANOS = 1_000_000_000L;

  private GoDuration() {}

  /// A duration as Go shows it: `1m0s`, `1.5s`, `200ms`, `0s`.
  public static String words(Duration duration) {
    if (duration.isNegative()) {
      return "-" + words(duration.negated());
    }
    long nanos = duration.toNanos();
    if (nanos > 0 && nanos < SECOND_NANOS) {
      return nanos < 1_000
          ? nanos + "ns"
          : nanos < 1_000_000 ? decimal(nanos, 3) + "µs" : decimal(nanos, 6) + "ms";
    }
    String hours = duration.toHours() > 0 ? duration.toHours() + "h" : "";
    String minutes = duration.toMinutes() > 0 ? duration.toMinutesPart() + "m" : "";
    return hours + minutes + decimal(nanos % (60 * SECOND_NANOS), 9) + "s";
  }

  private static String decimal(long number, int digits) {
    BigDecimal value = BigDecimal.valueOf(number, digits).stripTrailingZeros();
    return value.toPlainString();
  }

  /// What Go has against a text that [#parse] cannot read.
  public static String problem(String text) {
    String left = text.replaceFirst("^[+-]", "");
    Matcher number = NUMBER.matcher(left);
    while (number.lookingAt()) {
      String unit = number.group(2);
      if (unit.isEmpty()) {
        return "time: missing unit in duration " + quoted(text);
      } else if (!NANOS.containsKey(unit)) {
        return "time: unknown unit " + quoted(unit) + " in duration " + quoted(text);
      }
      number.region(number.end(), left.length());
    }
    return "time: invalid duration " + quoted(text);
  }

  /// Only what is ASCII stays as it is.
  private static String quoted(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    for (byte each : text.getBytes(StandardCharsets.UTF_8)) {
      if (each == '"' || each == '\\') {
        quoted.append('\\').append((char) each);
      } else if (each < ' ') {
        quoted.append("\\x%02x".formatted(each));
      } else {
        quoted.append((char) each);
      }
    }
    return quoted.append('"').toString();
  }

  /// Empty when the text is none, or longer than Go's 292 years.
  public static Optional<Duration> parse(String text) {
    if (!WHOLE.matcher(text).matches()) {
      return Optional.empty();
    }
    BigDecimal nanos = BigDecimal.ZERO;
    Matcher part = PART.matcher(text);
    while (part.find()) {
      BigDecimal amount =
          new BigDecimal(
              part.group(1).startsWith(".")
                  ? "0" + part.group(1)
                  : part.group(1).replaceFirst("\\.$", ""));
      nanos = nanos.add(amount.multiply(BigDecimal.valueOf(NANOS.getOrDefault(part.group(2), 0L))));
    }
    if (nanos.compareTo(BigDecimal.valueOf(Long.MAX_VALUE)) > 0) {
      return Optional.empty();
    }
    Duration duration = Duration.ofNanos(nanos.longValue());
    return Optional.of(text.startsWith("-") ? duration.negated() : duration);
  }
}
