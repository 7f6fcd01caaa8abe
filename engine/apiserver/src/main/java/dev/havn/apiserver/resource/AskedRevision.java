// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import dev.havn.schema.codec.GoText;
import java.math.BigInteger;
import java.util.OptionalLong;

/// A revision as a request writes it: an unsigned number of 64 bits.
final class AskedRevision {
  private AskedRevision() {}

  /// Unsigned; empty for a text that is none.
  static OptionalLong read(String text) {
    return isDigits(text) && new BigInteger(text).bitLength() <= Long.SIZE
        ? OptionalLong.of(Long.parseUnsignedLong(text))
        : OptionalLong.empty();
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
