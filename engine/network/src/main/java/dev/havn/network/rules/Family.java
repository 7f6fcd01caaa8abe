// SPDX-License-Identifier: Apache-2.0
package dev.havn.network.rules;

import dev.havn.addresses.AddressFamily;
import java.net.InetAddress;
import java.net.UnknownHostException;

/// A kind of addresses. Each has a table of its own, with the same rules in its own words.
public enum Family {
  IPV4("IPv4", "ip", "ipv4_addr", "icmp"),
  IPV6("IPv6", "ip6", "ipv6_addr", "icmpv6");

  private final String text;
  private final String word;
  private final String type;
  private final String messages;

  Family(String text, String word, String type, String messages) {
    this.text = text;
    this.word = word;
    this.type = type;
    this.messages = messages;
  }

  /// Of an address or a range of them.
  public static Family of(String address) {
    return address.indexOf(':') < 0 ? IPV4 : IPV6;
  }

  public static Family of(AddressFamily family) {
    return family == AddressFamily.IPV4 ? IPV4 : IPV6;
  }

  /// As tables and parts of packets are called.
  public String word() {
    return word;
  }

  /// As sets of addresses name it.
  public String type() {
    return type;
  }

  /// What tells of packets that cannot be delivered.
  public String messages() {
    return messages;
  }

  /// Whether a text may stand in rules as an address of this family; see [Ipv4].
  public boolean isAddress(String text) {
    return this == IPV4 ? Ipv4.isAddress(text) : Ipv6.isAddress(text);
  }

  /// Whether packets of others may be led there.
  public boolean isTarget(String text) {
    return this == IPV4 ? Ipv4.isTarget(text) : Ipv6.isTarget(text);
  }

  /// The same for each way of writing an address, which is one of this family.
  public String canonical(String address) {
    return this == IPV4 ? address : Ipv6.canonical(address);
  }

  /// An address of as many bytes as this family's have.
  public String text(byte[] bytes) {
    try {
      return canonical(InetAddress.getByAddress(bytes).getHostAddress());
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException(bytes.length + " bytes are no address", e);
    }
  }

  /// An address with a port, as what is translated is led to.
  public String target(String address, int port) {
    return (this == IPV4 ? address : "[" + address + "]") + ":" + port;
  }

  /// An address as a part of the name of a chain.
  public static String inName(String address) {
    return address.replace(':', '_');
  }

  /// As objects of the API name it.
  @Override
  public String toString() {
    return text;
  }
}
