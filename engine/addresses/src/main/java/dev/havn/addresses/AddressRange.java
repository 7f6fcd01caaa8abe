// SPDX-License-Identifier: Apache-2.0
package dev.havn.addresses;

import java.math.BigInteger;

/// Addresses with a common beginning, in CIDR notation outside (RFC 4632, RFC 4291).
///
/// @param first its lowest address as a number
/// @param prefix how many bits all its addresses share
public record AddressRange(AddressFamily family, BigInteger first, int prefix) {
  private static final int NODES_BITS_MAX = 20;
  private static final int SIZE_BITS_MAX = 16;

  public AddressRange {
    int rest = family.bits() - prefix;
    first = first.shiftRight(rest).shiftLeft(rest);
  }

  /// @param text such as `10.244.0.0/16` or `fd00:10:244::/56`
  /// @throws IllegalArgumentException when it is no range
  public static AddressRange parse(String text) {
    int slash = text.indexOf('/');
    String length = text.substring(slash + 1);
    AddressFamily family = AddressFamily.of(text);
    if (slash < 0 || !length.matches("[0-9]{1,3}") || Integer.parseInt(length) > family.bits()) {
      throw new IllegalArgumentException(
          "'" + text + "' is no range of addresses such as 10.244.0.0/16 or fd00:10:244::/56");
    }
    return new AddressRange(
        family, family.number(text.substring(0, slash)), Integer.parseInt(length));
  }

  private int rest() {
    return family.bits() - prefix;
  }

  private boolean holds(BigInteger number) {
    return number.shiftRight(rest()).equals(first.shiftRight(rest()));
  }

  /// An address of the other family is in none.
  public boolean contains(String address) {
    return AddressFamily.of(address) == family && holds(family.number(address));
  }

  /// Whether all of another is in it.
  public boolean contains(AddressRange other) {
    return other.family == family && other.prefix >= prefix && holds(other.first);
  }

  public boolean overlaps(AddressRange other) {
    return contains(other) || other.contains(this);
  }

  /// How many nodes have room for their pods; see [AddressFamily#nodeBits].
  public int nodes() {
    int node = family.nodeBits();
    return prefix > node ? 0 : 1 << Math.min(NODES_BITS_MAX, node - prefix);
  }

  /// The addresses of one node's pods.
  ///
  /// @param index from 0
  public AddressRange ofNode(int index) {
    int node = family.nodeBits();
    return new AddressRange(
        family, first.add(BigInteger.valueOf(index).shiftLeft(family.bits() - node)), node);
  }

  /// The index of a node by the addresses of its pods; see [#ofNode].
  public int indexOf(AddressRange node) {
    return node.first.subtract(first).shiftRight(family.bits() - family.nodeBits()).intValue();
  }

  /// The n-th address, from 0.
  public String address(long number) {
    return family.text(first.add(BigInteger.valueOf(number)));
  }

  /// Which one of its addresses this is, from 0.
  public long number(String address) {
    return family.number(address).subtract(first).longValue();
  }

  /// How many addresses there are, at most 65,536.
  public int size() {
    return 1 << Math.min(rest(), SIZE_BITS_MAX);
  }

  @Override
  public String toString() {
    return address(0) + "/" + prefix;
  }
}
