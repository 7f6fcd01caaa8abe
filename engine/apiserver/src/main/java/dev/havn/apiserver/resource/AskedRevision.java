// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import dev.havn.schema.codec.GoText;
import java.util.OptionalLong;

/// A revision as a request writes it: an unsigned number of 64 bits.
final class AskedRevision {
  private static final int DIGITS_MAX = 20;

  private AskedRevision() {}

  /// Unsigned; empty for a text that is none. A number of many digits is not even read: that would
  /// take a time that grows with their square.
  static OptionalLong read(String text) {
    if (!isDigits(text) || text.length() - leadingZeros(text) > DIGITS_MAX) {
      return OptionalLong.empty();
    }
    try {
      return OptionalLong.of(Long.parseUnsignedLong(text));
    } catch (NumberFormatException tooLarge) {
      return OptionalLong.empty();
    }
  }

  private static int leadingZeros(String text) {
    int zeros = 0;
    while (zeros < text.length() && text.charAt(zeros) == '0') {
      zeros++;
    }
    return zeros;
  }

  /// What is wrong with a text that is none.
  static String problem(String text) {
    return "strconv.ParseUint: parsing %s: %s"
        .formatted(GoText.quoted(text), isDigits(text) ? "value out of range" : "invalid syntax");
  }

  /// The same of a parameter.
  static String problemOfParameter(String text) {
    return "resourceVersion: Invalid value: " + GoText.quoted(text) + ": " + problem(text);
  }

  private static boolean isDigits(String text) {
    return !text.isEmpty() && text.chars().allMatch(each -> each >= '0' && each <= '9');
  }
}
