// SPDX-License-Identifier: Apache-2.0
package dev.havn.network.rules;

import dev.havn.addresses.AddressFamily;
import java.net.InetAddress;
import java.util.regex.Pattern;

/// Which texts may stand in rules as an address of IPv6; see [Ipv4].
public final class Ipv6 {
  private static final Pattern FORM = Pattern.compile("[0-9a-fA-F:]*:[0-9a-fA-F:.]*");
  private static final int BYTES = 16;

  private Ipv6() {}

  public static boolean isAddress(String text) {
    if (!FORM.matcher(text).matches()) {
      return false;
    }
    try {
      // What stands for an address of the other family is read as one.
      return InetAddress.ofLiteral(text).getAddress().length == BYTES;
    } catch (IllegalArgumentException none) {
      return false;
    }
  }

  /// Whether packets of others may be led there: neither to where each machine means itself or its
  /// link, nor to many at once.
  public static boolean isTarget(String text) {
    if (!isAddress(text)) {
      return false;
    }
    InetAddress address = InetAddress.ofLiteral(text);
    return !address.isAnyLocalAddress()
        && !address.isLoopbackAddress()
        && !address.isLinkLocalAddress()
        && !address.isMulticastAddress();
  }

  /// The usual form (RFC 5952): small letters, the longest run of zeros left out.
  public static String canonical(String address) {
    return AddressFamily.IPV6.canonical(address);
  }
}
