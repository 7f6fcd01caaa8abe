// SPDX-License-Identifier: Apache-2.0
package dev.havn.addresses;

import java.math.BigInteger;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.StringJoiner;
import java.util.regex.Pattern;

/// A kind of IP addresses, as objects of the API name it.
public enum AddressFamily {
  IPV4("IPv4", 32, 24),
  IPV6("IPv6", 128, 64);

  private static final Pattern FOUR_PARTS = Pattern.compile("[0-9]{1,3}(\\.[0-9]{1,3}){3}");
  private static final Pattern ZEROS = Pattern.compile("(?:^|:)0(?::0)+(?=:|$)");
  private static final byte[] MAPPED = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1};
  private static final int HEX = 16;

  private final String text;
  private final int bits;
  private final int nodeBits;

  AddressFamily(String text, int bits, int nodeBits) {
    this.text = text;
    this.bits = bits;
    this.nodeBits = nodeBits;
  }

  /// Of an address or a range of them.
  public static AddressFamily of(String address) {
    return address.indexOf(':') < 0 ? IPV4 : IPV6;
  }

  /// How long its addresses are.
  public int bits() {
    return bits;
  }

  /// How many bits the addresses of one node's pods share, as Kubernetes' node IPAM has it.
  public int nodeBits() {
    return nodeBits;
  }

  public AddressFamily other() {
    return this == IPV4 ? IPV6 : IPV4;
  }

  /// An address of this family as a number.
  ///
  /// @throws IllegalArgumentException when it is none
  BigInteger number(String address) {
    if (this == IPV4 && !FOUR_PARTS.matcher(address).matches()) {
      throw new IllegalArgumentException("'" + address + "' is no address of IPv4");
    }
    byte[] bytes = InetAddress.ofLiteral(address).getAddress();
    if (bytes.length * Byte.SIZE < bits) {
      // Java reads what stands for an address of the other family as one.
      byte[] all = Arrays.copyOf(MAPPED, bits / Byte.SIZE);
      System.arraycopy(bytes, 0, all, MAPPED.length, bytes.length);
      return new BigInteger(1, all);
    }
    return new BigInteger(1, bytes);
  }

  /// The usual form of an address.
  ///
  /// @throws IllegalArgumentException when it is none of this family
  public String canonical(String address) {
    return text(number(address));
  }

  /// The usual form of an address: of IPv6 in small letters, the longest run of zeros left out (RFC
  /// 5952).
  String text(BigInteger number) {
    return this == IPV4 ? dotted(number.intValue()) : shortened(number);
  }

  private static String dotted(int number) {
    StringJoiner parts = new StringJoiner(".");
    for (int shift = Integer.SIZE - Byte.SIZE; shift >= 0; shift -= Byte.SIZE) {
      parts.add(String.valueOf(number >> shift & 0xff));
    }
    return parts.toString();
  }

  private String shortened(BigInteger number) {
    StringJoiner groups = new StringJoiner(":");
    for (int shift = bits - HEX; shift >= 0; shift -= HEX) {
      groups.add(Integer.toHexString(number.shiftRight(shift).intValue() & 0xffff));
    }
    String all = groups.toString();
    String longest =
        ZEROS
            .matcher(all)
            .results()
            .map(each -> each.group())
            .reduce("", (one, other) -> zeros(other) > zeros(one) ? other : one);
    if (longest.isEmpty()) {
      return all;
    }
    int at = all.indexOf(longest);
    String after = all.substring(at + longest.length());
    return all.substring(0, at) + "::" + (after.startsWith(":") ? after.substring(1) : after);
  }

  private static long zeros(String run) {
    return run.chars().filter(each -> each == '0').count();
  }

  @Override
  public String toString() {
    return text;
  }
}
