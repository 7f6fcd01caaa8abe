// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.validate;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.jspecify.annotations.Nullable;

/// `Time` (seconds) and `MicroTime` as Kubernetes prints them.
public final class Times {
  /// The days that each February has, and each other month.
  private static final int DAYS_OF_FEBRUARY = 28;

  private static final int DAYS = 30;
  private static final int MICRO_DIGITS = 6;

  private Times() {}

  /// Whether a time is in UTC and in canonical form, seen without the costs of parsing it. The last
  /// days of some months are left to the parser.
  ///
  /// @param form with a `d` for each digit
  private static boolean isPlain(String text, String form) {
    if (text.length() != form.length()) {
      return false;
    }
    for (int i = 0; i < form.length(); i++) {
      char at = text.charAt(i);
      if (form.charAt(i) == 'd' ? at < '0' || at > '9' : at != form.charAt(i)) {
        return false;
      }
    }
    int month = number(text, 5);
    int day = number(text, 8);
    return month >= 1
        && month <= 12
        && day >= 1
        && day <= (month == 2 ? DAYS_OF_FEBRUARY : DAYS)
        && number(text, 11) <= 23
        && number(text, 14) <= 59
        && number(text, 17) <= 59;
  }

  private static int number(String text, int from) {
    return 10 * (text.charAt(from) - '0') + text.charAt(from + 1) - '0';
  }

  public static String seconds(Instant instant) {
    return instant.truncatedTo(ChronoUnit.SECONDS).toString();
  }

  public static String micros(Instant instant) {
    String seconds = seconds(instant);
    String micros = Integer.toString(instant.getNano() / 1_000);
    return seconds.substring(0, seconds.length() - 1)
        + "."
        + "0".repeat(MICRO_DIGITS - micros.length())
        + micros
        + "Z";
  }

  /// The canonical form, or null when the value has it already.
  static @Nullable JsonNode canonical(JsonNode value, boolean micro) {
    if (isPlain(value.asText(), micro ? "dddd-dd-ddTdd:dd:dd.ddddddZ" : "dddd-dd-ddTdd:dd:ddZ")) {
      return null;
    }
    Instant instant = TimeText.read(value.asText(), micro);
    String text = micro ? micros(instant) : seconds(instant);
    return text.equals(value.asText()) ? null : JsonNodeFactory.instance.textNode(text);
  }
}
