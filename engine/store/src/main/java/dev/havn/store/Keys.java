// SPDX-License-Identifier: Apache-2.0
package dev.havn.store;

import java.util.Comparator;

/// The order of keys: by their UTF-8 bytes, which is the order of their code points.
final class Keys {
  private static final int SURROGATES = 0xd800;

  static final Comparator<String> ORDER = Keys::compare;

  private Keys() {}

  private static int compare(String one, String other) {
    int length = Math.min(one.length(), other.length());
    for (int i = 0; i < length; i++) {
      char a = one.charAt(i);
      char b = other.charAt(i);
      if (a != b) {
        return a >= SURROGATES || b >= SURROGATES ? Character.compare(rank(a), rank(b)) : a - b;
      }
    }
    return one.length() - other.length();
  }

  /// Surrogates stand for code points above all others.
  private static char rank(char c) {
    if (Character.isSurrogate(c)) {
      return (char) (c + 0x2000);
    }
    return c >= 0xe000 ? (char) (c - 0x800) : c;
  }
}
