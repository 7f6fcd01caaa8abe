// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.codec;

import org.jspecify.annotations.Nullable;

/// Whether bytes are text that YAML may consist of, which go-yaml tells before it looks at what
/// they say. Texts in UTF-16 are left to the parser.
final class YamlOctets {
  private static final String CONTROL = "control characters are not allowed";

  private final byte[] bytes;
  private int at;

  private YamlOctets(byte[] bytes) {
    this.bytes = bytes;
  }

  /// In go-yaml's words, null when there is none.
  static @Nullable String problem(byte[] bytes) {
    boolean isUtf16 =
        bytes.length > 1 && ((bytes[0] & 0xff) << 8 | bytes[1] & 0xff) >= 0xfeff
            || bytes.length > 1 && (bytes[0] & 0xff) == 0xff && (bytes[1] & 0xff) == 0xfe;
    return isUtf16 ? null : new YamlOctets(bytes).problem();
  }

  private @Nullable String problem() {
    while (at < bytes.length) {
      int first = bytes[at] & 0xff;
      int width =
          first < 0x80 ? 1 : first >> 5 == 6 ? 2 : first >> 4 == 14 ? 3 : first >> 3 == 30 ? 4 : 0;
      if (width == 0) {
        return "invalid leading UTF-8 octet";
      } else if (width > bytes.length - at) {
        return "incomplete UTF-8 octet sequence";
      }
      int value = width == 1 ? first : first & 0xff >> width + 1;
      for (int i = 1; i < width; i++) {
        int next = bytes[at + i] & 0xff;
        if (next >> 6 != 2) {
          return "invalid trailing UTF-8 octet";
        }
        value = value << 6 | next & 0x3f;
      }
      @Nullable String problem = problem(value, width);
      if (problem != null) {
        return problem;
      }
      at += width;
    }
    return null;
  }

  private @Nullable String problem(int value, int width) {
    if (width > 1 && value < new int[] {0x80, 0x800, 0x10000}[width - 2]) {
      return "invalid length of a UTF-8 sequence";
    } else if (value >= 0xd800 && value <= 0xdfff || value > Character.MAX_CODE_POINT) {
      return "invalid Unicode character";
    }
    boolean shown =
        value >= 0x20 && value <= 0x7e
            || value == 0x85
            || value >= 0xa0 && value != 0xfffe && value != 0xffff && (value != 0xfeff || at == 0);
    return shown || value == '\t' || value == '\n' || value == '\r' ? null : CONTROL;
  }
}
