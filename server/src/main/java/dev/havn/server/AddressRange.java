// SPDX-License-Identifier: Apache-2.0
package dev.havn.server;

/// A range of IPv4 addresses, in CIDR notation outside.
///
/// @param first its lowest address as a number
/// @param prefix how many bits all its addresses share
record AddressRange(long first, int prefix) {
  private static final int BITS = 32;

  /// A node's pods have the addresses that share this many bits.
  private static final int NODE_PREFIX = 24;

  /// @param given one, or the first of several with a comma between
  /// @throws StartException when it is no range
  static AddressRange parse(String name, String given) {
    String text = given.replaceFirst(",.*", "");
    String[] parts = text.split("/");
    String[] bytes = parts[0].split("\\.");
    boolean form = text.matches("([0-9]{1,3}\\.){3}[0-9]{1,3}/[0-9]{1,2}");
    long number = 0;
    for (int i = 0; form && i < bytes.length; i++) {
      int value = Integer.parseInt(bytes[i]);
      form = value < 256;
      number = number << 8 | value;
    }
    if (!form || Integer.parseInt(parts[1]) > BITS) {
      throw new StartException(
          name + " must be a range of IPv4 addresses such as 10.244.0.0/16, not '" + text + "'");
    }
    int prefix = Integer.parseInt(parts[1]);
    return new AddressRange(number & mask(prefix), prefix);
  }

  private static long mask(int prefix) {
    return prefix == 0 ? 0 : 0xffffffffL << (BITS - prefix) & 0xffffffffL;
  }

  boolean overlaps(AddressRange other) {
    long mask = mask(Math.min(prefix, other.prefix));
    return (first & mask) == (other.first & mask);
  }

  boolean contains(AddressRange other) {
    return other.prefix >= prefix && overlaps(other);
  }

  /// How many nodes have room for their pods.
  int nodes() {
    return prefix > NODE_PREFIX ? 0 : 1 << Math.min(20, NODE_PREFIX - prefix);
  }

  /// The addresses of one node's pods.
  AddressRange ofNode(int index) {
    return new AddressRange(first + ((long) index << (BITS - NODE_PREFIX)), NODE_PREFIX);
  }

  /// The n-th address.
  String address(long number) {
    long all = first + number;
    return "%d.%d.%d.%d".formatted(all >> 24, all >> 16 & 255, all >> 8 & 255, all & 255);
  }

  @Override
  public String toString() {
    return address(0) + "/" + prefix;
  }
}
