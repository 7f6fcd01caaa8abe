// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.validate;

import dev.havn.schema.codec.CodecException;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;

/// Reads a time of a request and says what is wrong with it as Kubernetes' clients know it: where
/// in the text, and what should stand there. Fractions of a second are free in a `Time` and must be
/// six digits in a `MicroTime`.
final class TimeText {
  private static final String LAYOUT = "2006-01-02T15:04:05%sZ07:00";
  private static final String MICROS = ".000000";
  private static final int NANO_DIGITS = 9;
  private static final int DAY_SECONDS = 86_400;
  private static final int HOUR_SECONDS = 3_600;
  private static final int MINUTE_SECONDS = 60;

  private final String text;
  private final boolean micro;
  private int at;

  private TimeText(String text, boolean micro) {
    this.text = text;
    this.micro = micro;
  }

  static Instant read(String text, boolean micro) {
    return new TimeText(text, micro).read();
  }

  private Instant read() {
    int year = number("2006", 4, 4);
    literal("-");
    int month = number("01", 2, 2);
    range("month", month, 1, 12);
    literal("-");
    int day = number("02", 2, 2);
    literal("T");
    int hour = number("15", 1, 2);
    range("hour", hour, 0, 23);
    literal(":");
    int minute = number("04", 2, 2);
    range("minute", minute, 0, 59);
    literal(":");
    int second = number("05", 2, 2);
    range("second", second, 0, 59);
    int nanos = fraction();
    int offset = offset();
    if (at < text.length()) {
      throw wrong(": extra text: " + quoted(text.substring(at)));
    }
    long days;
    try {
      days = LocalDate.of(year, month, day).toEpochDay();
    } catch (DateTimeException e) {
      throw wrong(": day out of range");
    }
    long seconds = (long) hour * HOUR_SECONDS + minute * MINUTE_SECONDS + second;
    return Instant.ofEpochSecond(days * DAY_SECONDS + seconds - offset, nanos);
  }

  private int number(String what, int digitsMin, int digitsMax) {
    int digits = digits(at, digitsMax);
    if (digits < digitsMin) {
      throw unlike(what);
    }
    int number = Integer.parseInt(text, at, at + digits, 10);
    at += digits;
    return number;
  }

  private int digits(int from, int most) {
    int digits = 0;
    while (digits < most && from + digits < text.length() && isDigit(from + digits)) {
      digits++;
    }
    return digits;
  }

  private boolean isDigit(int index) {
    return text.charAt(index) >= '0' && text.charAt(index) <= '9';
  }

  private void literal(String wanted) {
    if (!text.startsWith(wanted, at)) {
      throw unlike(wanted);
    }
    at += wanted.length();
  }

  private void range(String what, int number, int least, int most) {
    if (number < least || number > most) {
      throw wrong(": " + what + " out of range");
    }
  }

  private int fraction() {
    boolean begins = text.startsWith(".", at) || text.startsWith(",", at);
    int digits = begins ? digits(at + 1, micro ? MICROS.length() - 1 : text.length()) : 0;
    if (micro && digits < MICROS.length() - 1) {
      throw unlike(MICROS);
    }
    if (digits == 0) {
      return 0;
    }
    String counted = text.substring(at + 1, at + 1 + Math.min(digits, NANO_DIGITS));
    at += 1 + digits;
    return Integer.parseInt(counted + "0".repeat(NANO_DIGITS - counted.length()));
  }

  private int offset() {
    if (text.startsWith("Z", at)) {
      at++;
      return 0;
    }
    boolean isBehind = text.startsWith("-", at);
    if ((!isBehind && !text.startsWith("+", at))
        || digits(at + 1, 2) < 2
        || !text.startsWith(":", at + 3)
        || digits(at + 4, 2) < 2) {
      throw unlike("Z07:00");
    }
    int hours = Integer.parseInt(text, at + 1, at + 3, 10);
    int minutes = Integer.parseInt(text, at + 4, at + 6, 10);
    range("time zone offset hour", hours, 0, 24);
    range("time zone offset minute", minutes, 0, 60);
    at += 6;
    int offset = hours * HOUR_SECONDS + minutes * MINUTE_SECONDS;
    return isBehind ? -offset : offset;
  }

  private CodecException unlike(String wanted) {
    return wrong(
        " as %s: cannot parse %s as %s"
            .formatted(
                quoted(LAYOUT.formatted(micro ? MICROS : "")),
                quoted(text.substring(at)),
                quoted(wanted)));
  }

  private CodecException wrong(String why) {
    return new CodecException("parsing time " + quoted(text) + why);
  }

  private static String quoted(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    for (byte each : text.getBytes(StandardCharsets.UTF_8)) {
      if (each == '"' || each == '\\') {
        quoted.append('\\').append((char) each);
      } else if (each < ' ') {
        quoted.append("\\x%02x".formatted(each & 0xff));
      } else {
        quoted.append((char) each);
      }
    }
    return quoted.append('"').toString();
  }
}
