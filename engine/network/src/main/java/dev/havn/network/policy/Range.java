// SPDX-License-Identifier: Apache-2.0
package dev.havn.network.policy;

import dev.havn.network.rules.Family;
import java.math.BigInteger;
import java.net.InetAddress;

/// A range of addresses of one family.
///
/// @param bits how many bits all its addresses share
public record Range(Family family, BigInteger first, int bits) {
  private static final int SIZE_BITS_MAX = 16;

  public static Range parse(String text) {
    String[] parts = text.split("/");
    return new Range(Family.of(parts[0]), number(parts[0]), Integer.parseInt(parts[1]));
  }

  private static BigInteger number(String address) {
    return new BigInteger(1, InetAddress.ofLiteral(address).getAddress());
  }

  private int rest() {
    return (family == Family.IPV4 ? Integer.SIZE : 2 * Long.SIZE) - bits;
  }

  /// An address of the other family is in none.
  public boolean contains(String address) {
    return Family.of(address) == family
        && number(address).shiftRight(rest()).equals(first.shiftRight(rest()));
  }

  /// How many addresses there are, at most 65,536.
  public int size() {
    return 1 << Math.min(rest(), SIZE_BITS_MAX);
  }

  /// The n-th address.
  public String address(int number) {
    byte[] bytes = new byte[(rest() + bits) / Byte.SIZE];
    byte[] given = first.add(BigInteger.valueOf(number)).toByteArray();
    int length = Math.min(given.length, bytes.length);
    System.arraycopy(given, given.length - length, bytes, bytes.length - length, length);
    return family.text(bytes);
  }
}
