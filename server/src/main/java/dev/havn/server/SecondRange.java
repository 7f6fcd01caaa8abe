// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

import dev.havn.schema.validate.IpLiteral;
import java.math.BigInteger;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// A range of IPv6 addresses, which a cluster has beside one of IPv4; in CIDR notation outside.
///
/// @param first its lowest address as a number
/// @param prefix how many bits all its addresses share
record SecondRange(BigInteger first, int prefix) {
  private static final int BITS = 128;

  /// A node's pods have the addresses that share this many bits.
  private static final int NODE_PREFIX = 64;

  private static final int NODES_BITS_MAX = 16;

  /// @throws StartException when it is no range
  static SecondRange parse(String name, String text) {
    int prefix = IpLiteral.prefixLength(text);
    byte @Nullable [] bytes = prefix < 0 ? null : IpLiteral.parse(text.replaceFirst("/.*", ""));
    if (bytes == null || bytes.length * Byte.SIZE != BITS) {
      throw new StartException(
          name
              + " must be a range of IPv4 addresses and behind a comma one of IPv6 such as fd00:10:244::/56, not '"
              + text
              + "'");
    }
    int rest = BITS - prefix;
    return new SecondRange(new BigInteger(1, bytes).shiftRight(rest).shiftLeft(rest), prefix);
  }

  /// The second one of ranges with a comma between, empty when there is only one.
  static Optional<SecondRange> of(String name, String ranges) {
    int comma = ranges.indexOf(',');
    return comma < 0 ? Optional.empty() : Optional.of(parse(name, ranges.substring(comma + 1)));
  }

  boolean overlaps(SecondRange other) {
    int rest = BITS - Math.min(prefix, other.prefix);
    return first.shiftRight(rest).equals(other.first.shiftRight(rest));
  }

  /// How many nodes have room for their pods.
  int nodes() {
    return prefix > NODE_PREFIX ? 0 : 1 << Math.min(NODES_BITS_MAX, NODE_PREFIX - prefix);
  }

  /// The addresses of one node's pods.
  SecondRange ofNode(int index) {
    return new SecondRange(
        first.add(BigInteger.valueOf(index).shiftLeft(BITS - NODE_PREFIX)), NODE_PREFIX);
  }

  /// The n-th address.
  String address(long number) {
    byte[] bytes = new byte[BITS / Byte.SIZE];
    byte[] given = first.add(BigInteger.valueOf(number)).toByteArray();
    int length = Math.min(given.length, bytes.length);
    System.arraycopy(given, given.length - length, bytes, bytes.length - length, length);
    return IpLiteral.text(bytes);
  }

  @Override
  public String toString() {
    return address(0) + "/" + prefix;
  }
}
