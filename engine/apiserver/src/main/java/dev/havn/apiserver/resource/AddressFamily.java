// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

/// A kind of addresses, as Services name it.
public enum AddressFamily {
  IPV4("IPv4", 32),
  IPV6("IPv6", 128);

  private final String text;
  private final int bits;

  AddressFamily(String text, int bits) {
    this.text = text;
    this.bits = bits;
  }

  /// Of an address or a range of them.
  static AddressFamily of(String address) {
    return address.contains(":") ? IPV6 : IPV4;
  }

  /// How long its addresses are.
  int bits() {
    return bits;
  }

  @Override
  public String toString() {
    return text;
  }
}
