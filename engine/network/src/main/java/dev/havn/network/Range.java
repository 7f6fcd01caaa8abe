// SPDX-License-Identifier: Apache-2.0
package dev.havn.network;

import java.net.InetAddress;
import java.nio.ByteBuffer;

/// A range of IPv4 addresses.
///
/// @param bits how many bits all its addresses share
record Range(int first, int bits) {
  static Range parse(String text) {
    String[] parts = text.split("/");
    return new Range(number(parts[0]), Integer.parseInt(parts[1]));
  }

  private static int number(String address) {
    return ByteBuffer.wrap(InetAddress.ofLiteral(address).getAddress()).getInt();
  }

  /// An address of the other family is in none.
  boolean contains(String address) {
    int mask = bits == 0 ? 0 : -1 << (32 - bits);
    return address.indexOf(':') < 0 && (number(address) & mask) == (first & mask);
  }
}
