// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.codec;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Durations as Go writes them: `1h30m`, `1.5s`, `-2ms`.
public final class GoDuration {
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

  private static final BigInteger WHOLE_MAX = BigInteger.ONE.shiftLeft(63);
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
      if (isTooLarge(number.group(1))) {
        break;
      } else if (unit.isEmpty()) {
        return "time: missing unit in duration " + quoted(text);
      } else if (!NANOS.containsKey(unit)) {
        return "time: unknown unit " + quoted(unit) + " in duration " + quoted(text);
      }
      number.region(number.end(), left.length());
    }
    return "time: invalid duration " + quoted(text);
  }

  /// A whole part that no unit makes a duration of; Go does not come to look at the unit.
  private static boolean isTooLarge(String number) {
    String whole = number.replaceFirst("\\..*", "");
    return !whole.isEmpty() && new BigInteger(whole).compareTo(WHOLE_MAX) > 0;
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
    boolean signed = text.startsWith("-") || text.startsWith("+");
    String unsigned = signed ? text.substring(1) : text;
    if (unsigned.equals("0")) {
      return Optional.of(Duration.ZERO);
    }
    Parts parts = new Parts(unsigned);
    long nanos = 0;
    do {
      long part = parts.next();
      if (part < 0 || nanos + part < 0) {
        return Optional.empty();
      }
      nanos += part;
    } while (parts.hasNext());
    return Optional.of(Duration.ofNanos(text.startsWith("-") ? -nanos : nanos));
  }

  /// The numbers with their units of which a duration consists, each read once.
  private static final class Parts {
    private static final int NONE = -1;

    /// Digits beyond are less than a nanosecond of any unit.
    private static final double FRACTION_MAX = 1e15;

    private final String text;
    private int at;

    Parts(String text) {
      this.text = text;
    }

    boolean hasNext() {
      return at < text.length();
    }

    /// The nanoseconds of the next part; negative when it is none or too large.
    long next() {
      int from = at;
      long whole = 0;
      while (isDigit()) {
        int digit = digit();
        if (whole > (Long.MAX_VALUE - digit) / 10) {
          return NONE;
        }
        whole = whole * 10 + digit;
      }
      int digits = at - from;
      double fraction = 0;
      double scale = 1;
      if (hasNext() && text.charAt(at) == '.') {
        at++;
        int point = at;
        while (isDigit()) {
          int digit = digit();
          if (scale < FRACTION_MAX) {
            fraction = fraction * 10 + digit;
            scale *= 10;
          }
        }
        digits += at - point;
      }
      @Nullable Long unit = NANOS.get(unit());
      if (digits == 0 || unit == null || whole > Long.MAX_VALUE / unit) {
        return NONE;
      }
      return whole * unit + (long) (fraction * (unit / scale));
    }

    private boolean isDigit() {
      return hasNext() && text.charAt(at) >= '0' && text.charAt(at) <= '9';
    }

    private int digit() {
      return text.charAt(at++) - '0';
    }

    private String unit() {
      int from = at;
      while (hasNext() && !isDigit() && text.charAt(at) != '.') {
        at++;
      }
      return text.substring(from, at);
    }
  }
}
