// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.usage;

import java.time.Duration;

/// Amounts and times as metrics-server writes them.
final class FigureText {
  private static final long THOUSAND = 1_000;
  private static final long KIBI = 1_024;
  private static final String[] DECIMAL = {"n", "u", "m", "", "k", "M", "G"};
  private static final String[] WHOLE = {"", "k", "M", "G"};
  private static final String[] BINARY = {"", "Ki", "Mi", "Gi", "Ti", "Pi"};

  private FigureText() {}

  static String cores(long nanoCores) {
    return shortest(nanoCores, THOUSAND, DECIMAL);
  }

  static String bytes(long bytes) {
    return bytes < KIBI ? shortest(bytes, THOUSAND, WHOLE) : shortest(bytes, KIBI, BINARY);
  }

  private static String shortest(long amount, long factor, String[] suffixes) {
    if (amount == 0) {
      return "0";
    }
    long rest = amount;
    int suffix = 0;
    while (rest % factor == 0 && suffix < suffixes.length - 1) {
      rest /= factor;
      suffix++;
    }
    return rest + suffixes[suffix];
  }

  /// As Go does, in whole milliseconds.
  static String window(Duration duration) {
    long millis = duration.toMillis();
    if (millis < THOUSAND) {
      return millis == 0 ? "0s" : millis + "ms";
    }
    StringBuilder text = new StringBuilder();
    if (duration.toHours() > 0) {
      text.append(duration.toHours()).append('h');
    }
    if (duration.toMinutes() > 0) {
      text.append(duration.toMinutesPart()).append('m');
    }
    text.append(duration.toSecondsPart());
    if (duration.toMillisPart() > 0) {
      text.append("%.3f".formatted(duration.toMillisPart() / 1e3).replaceAll("^0|0+$", ""));
    }
    return text.append('s').toString();
  }
}
