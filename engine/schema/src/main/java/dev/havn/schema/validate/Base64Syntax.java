// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.validate;

import dev.havn.schema.codec.CodecException;

/// Base64 as Go's decoder takes it: padded, line breaks ignored.
final class Base64Syntax {
  private static final int QUANTUM = 4;

  private Base64Syntax() {}

  /// @throws CodecException with the place at which Go stops reading
  static void check(String text) {
    int at = 0;
    int inQuantum = 0;
    int length = text.length();
    while (at < length) {
      char c = text.charAt(at++);
      if (c == '\r' || c == '\n') {
        continue;
      }
      if (c == '=') {
        padding(text, at, inQuantum);
        return;
      }
      if (!isDigit(c)) {
        throw illegal(at - 1);
      }
      inQuantum = (inQuantum + 1) % QUANTUM;
    }
    if (inQuantum > 0) {
      throw illegal(at - inQuantum);
    }
  }

  private static void padding(String text, int after, int inQuantum) {
    int at = after;
    if (inQuantum < 2) {
      throw illegal(at - 1);
    }
    if (inQuantum == 2) {
      if (at == text.length()) {
        throw illegal(text.length());
      }
      if (text.charAt(at) != '=') {
        throw illegal(at - 1);
      }
      at++;
    }
    if (at < text.length()) {
      throw illegal(at);
    }
  }

  private static boolean isDigit(char c) {
    return c >= 'A' && c <= 'Z'
        || c >= 'a' && c <= 'z'
        || c >= '0' && c <= '9'
        || c == '+'
        || c == '/';
  }

  private static CodecException illegal(int at) {
    return new CodecException("illegal base64 data at input byte " + at);
  }
}
