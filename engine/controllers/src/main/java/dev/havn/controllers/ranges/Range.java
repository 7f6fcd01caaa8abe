// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.ranges;

import java.math.BigInteger;
import java.net.InetAddress;

/// Addresses with a common beginning, such as `10.96.0.0/16`; validated before.
///
/// @param base its first address as a number
/// @param width bits of an address: 32 or 128
/// @param bits of the beginning
record Range(BigInteger base, int width, int bits) {
  static Range of(String text) {
    int slash = text.indexOf('/');
    byte[] address = octets(text.substring(0, slash));
    int width = address.length * Byte.SIZE;
    int bits = Integer.parseInt(text.substring(slash + 1));
    BigInteger number = new BigInteger(1, address);
    int rest = width - bits;
    return new Range(number.shiftRight(rest).shiftLeft(rest), width, bits);
  }

  private static byte[] octets(String address) {
    return InetAddress.ofLiteral(address).getAddress();
  }

  boolean overlaps(Range other) {
    return width == other.width && (covers(other) || (other.bits < bits && other.covers(this)));
  }

  /// Whether all of `other` lies in it.
  boolean covers(Range other) {
    return width == other.width
        && bits <= other.bits
        && base.equals(other.base.shiftRight(width - bits).shiftLeft(width - bits));
  }

  /// Whether a Service may have an address of it: neither the first one nor, of IPv4, the last.
  boolean serves(String address) {
    byte[] octets = octets(address);
    BigInteger number = new BigInteger(1, octets);
    BigInteger last = base.add(BigInteger.ONE.shiftLeft(width - bits)).subtract(BigInteger.ONE);
    return octets.length * Byte.SIZE == width
        && number.compareTo(base) > 0
        && (width == Integer.SIZE ? number.compareTo(last) < 0 : number.compareTo(last) <= 0);
  }
}
