// SPDX-License-Identifier: Apache-2.0
package dev.havn.network.policy;

import java.net.InetAddress;
import java.nio.ByteBuffer;

/// A range of IPv4 addresses.
///
/// @param bits how many bits all its addresses share
public record Range(int first, int bits) {
  public static Range parse(String text) {
    String[] parts = text.split("/");
    return new Range(number(parts[0]), Integer.parseInt(parts[1]));
  }

  private static int number(String address) {
    return ByteBuffer.wrap(InetAddress.ofLiteral(address).getAddress()).getInt();
  }

  /// An address of the other family is in none.
  public boolean contains(String address) {
    int mask = bits == 0 ? 0 : -1 << (32 - bits);
    return address.indexOf(':') < 0 && (number(address) & mask) == (first & mask);
  }

  /// How many addresses there are, at most 65,536.
  public int size() {
    return bits <= 16 ? 1 << 16 : 1 << (32 - bits);
  }

  /// The n-th address.
  public String address(int number) {
    int all = first + number;
    return "%d.%d.%d.%d".formatted(all >>> 24, all >> 16 & 255, all >> 8 & 255, all & 255);
  }
}
