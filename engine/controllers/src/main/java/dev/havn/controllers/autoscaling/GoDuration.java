// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.autoscaling;

import java.math.BigDecimal;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Durations as Go writes them, such as `1m15.5s`.
final class GoDuration {
  private static final Pattern PART = Pattern.compile("([0-9.]+)(ns|us|µs|ms|s|m|h)");
  private static final BigDecimal SECOND = BigDecimal.valueOf(1_000_000_000L);

  private GoDuration() {}

  /// What is none is zero.
  static Duration parse(String text) {
    BigDecimal nanos = BigDecimal.ZERO;
    Matcher part = PART.matcher(text);
    while (part.find()) {
      nanos = nanos.add(new BigDecimal(part.group(1)).multiply(unit(part.group(2))));
    }
    return Duration.ofNanos(nanos.longValue());
  }

  private static BigDecimal unit(String unit) {
    return switch (unit) {
      case "h" -> SECOND.multiply(BigDecimal.valueOf(3_600));
      case "m" -> SECOND.multiply(BigDecimal.valueOf(60));
      case "s" -> SECOND;
      case "ms" -> BigDecimal.valueOf(1_000_000);
      case "ns" -> BigDecimal.ONE;
      default -> BigDecimal.valueOf(1_000);
    };
  }
}
