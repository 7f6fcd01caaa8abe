// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.columns;

import java.time.Duration;
import java.time.Instant;

/// Times as kubectl shortens them.
final class Age {
  private Age() {}

  static String since(String time, Instant now) {
    return time.isEmpty() ? "<unknown>" : of(Duration.between(Instant.parse(time), now));
  }

  /// Two units at most.
  static String of(Duration duration) {
    long seconds = duration.toSeconds();
    if (seconds < -1) {
      return "<invalid>";
    }
    if (seconds < 0) {
      return "0s";
    }
    if (seconds < 120) {
      return seconds + "s";
    }
    long minutes = seconds / 60;
    if (minutes < 10) {
      return minutes + "m" + rest(seconds % 60, "s");
    }
    if (minutes < 180) {
      return minutes + "m";
    }
    long hours = minutes / 60;
    if (hours < 8) {
      return hours + "h" + rest(minutes % 60, "m");
    }
    if (hours < 48) {
      return hours + "h";
    }
    long days = hours / 24;
    if (days < 8) {
      return days + "d" + rest(hours % 24, "h");
    }
    if (days < 730) {
      return days + "d";
    }
    return days / 365 + "y" + (days >= 2920 ? "" : rest(days % 365, "d"));
  }

  private static String rest(long count, String unit) {
    return count == 0 ? "" : count + unit;
  }
}
