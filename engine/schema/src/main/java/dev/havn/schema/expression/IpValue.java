// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.expression;

import dev.havn.schema.validate.IpLiteral;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// An IP address in an expression.
record IpValue(InetAddress address) {
  private static final int BYTES_6 = 16;

  static IpValue parse(String text) {
    byte @Nullable [] bytes = IpLiteral.parse(text);
    if (bytes == null) {
      throw new IllegalArgumentException(
          "IP Address \"%s\" parse error during conversion from string".formatted(text));
    }
    return of(bytes);
  }

  static boolean isOne(String text) {
    return IpLiteral.parse(text) != null;
  }

  /// @param bytes 4 or 16
  static IpValue of(byte[] bytes) {
    try {
      return new IpValue(
          bytes.length == BYTES_6
              ? Inet6Address.getByAddress(null, bytes, -1)
              : InetAddress.getByAddress(bytes));
    } catch (UnknownHostException e) {
      throw new AssertionError(e);
    }
  }

  int family() {
    return address instanceof Inet6Address ? 6 : 4;
  }

  boolean isGlobalUnicast() {
    byte[] bytes = address.getAddress();
    boolean broadcast = bytes.length == 4 && Arrays.equals(bytes, new byte[] {-1, -1, -1, -1});
    return !broadcast
        && !address.isAnyLocalAddress()
        && !address.isLoopbackAddress()
        && !address.isMulticastAddress()
        && !address.isLinkLocalAddress();
  }

  String text() {
    return IpLiteral.text(address.getAddress());
  }
}
