// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.expression;

import dev.havn.schema.validate.IpLiteral;

/// A range of IP addresses in an expression.
///
/// @param bits the length of the prefix
record CidrValue(IpValue ip, int bits) {
  static CidrValue parse(String text) {
    int bits = IpLiteral.prefixLength(text);
    if (bits < 0) {
      throw new IllegalArgumentException(
          "network address parse error during conversion from string");
    }
    return new CidrValue(IpValue.parse(text.substring(0, text.indexOf('/'))), bits);
  }

  static boolean isOne(String text) {
    return IpLiteral.prefixLength(text) >= 0;
  }

  String text() {
    return ip.text() + "/" + bits;
  }

  CidrValue masked() {
    return new CidrValue(IpValue.of(mask(ip.address().getAddress(), bits)), bits);
  }

  private static byte[] mask(byte[] bytes, int bits) {
    byte[] masked = bytes.clone();
    for (int i = 0; i < masked.length; i++) {
      int kept = Math.clamp(bits - i * Byte.SIZE, 0, Byte.SIZE);
      masked[i] = (byte) (masked[i] & (0xff << (Byte.SIZE - kept)));
    }
    return masked;
  }

  boolean contains(IpValue other) {
    byte[] one = other.address().getAddress();
    return one.length == ip.address().getAddress().length
        && java.util.Arrays.equals(mask(one, bits), mask(ip.address().getAddress(), bits));
  }

  boolean contains(CidrValue other) {
    return other.bits >= bits && contains(other.ip);
  }
}
