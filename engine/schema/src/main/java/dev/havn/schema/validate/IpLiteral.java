// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.validate;

import java.math.BigInteger;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.StringJoiner;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// IP addresses as they are written, read without asking anybody for names.
public final class IpLiteral {
  private static final Pattern VERSION_4 =
      Pattern.compile("((25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(\\.(?!$)|$)){4}");
  private static final Pattern VERSION_6 = Pattern.compile("[0-9a-fA-F:.]*:[0-9a-fA-F:.]*");
  private static final byte[] MAPPED = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1};
  private static final int BYTES_6 = 16;

  private IpLiteral() {}

  /// The 4 or 16 bytes of an address, or null when the text is none.
  public static byte @Nullable [] parse(String text) {
    if (!VERSION_4.matcher(text).matches() && !VERSION_6.matcher(text).matches()) {
      return null;
    }
    try {
      byte[] bytes = InetAddress.getByName(text).getAddress();
      return text.contains(":") && bytes.length < BYTES_6 ? mapped(bytes) : bytes;
    } catch (UnknownHostException none) {
      return null;
    }
  }

  /// Java reads `::ffff:1.2.3.4` as an address of version 4.
  private static byte[] mapped(byte[] bytes) {
    byte[] all = Arrays.copyOf(MAPPED, BYTES_6);
    System.arraycopy(bytes, 0, all, MAPPED.length, bytes.length);
    return all;
  }

  /// Whether it is one of version 4 that is written as one of version 6, such as `::ffff:1.2.3.4`
  /// or `::ffff:102:304`, so that what is allowed for one spelling may not be for the other.
  public static boolean isMapped(String text) {
    byte[] bytes = parse(text);
    return bytes != null
        && bytes.length == BYTES_6
        && Arrays.equals(bytes, 0, MAPPED.length, MAPPED, 0, MAPPED.length);
  }

  /// An address of 4 or 16 bytes in its canonical form.
  public static String text(byte[] bytes) {
    if (bytes.length == BYTES_6) {
      return Addresses.canonical(bytes);
    }
    StringJoiner text = new StringJoiner(".");
    for (byte each : bytes) {
      text.add(String.valueOf(each & 0xff));
    }
    return text.toString();
  }

  /// Whether the range `inner` lies in the range `outer` and is smaller.
  public static boolean isStrictlyWithin(String inner, String outer) {
    byte[] small = parse(inner.substring(0, inner.indexOf('/')));
    byte[] large = parse(outer.substring(0, outer.indexOf('/')));
    int bits = prefixLength(outer);
    return small != null
        && large != null
        && small.length == large.length
        && bits < prefixLength(inner)
        && new BigInteger(1, small)
            .xor(new BigInteger(1, large))
            .shiftRight(large.length * Byte.SIZE - bits)
            .equals(BigInteger.ZERO);
  }

  /// Whether a range such as `10.0.0.1/8` names more than its prefix.
  public static boolean hasBitsBeyondPrefix(String range) {
    byte[] address = parse(range.substring(0, range.indexOf('/')));
    return address != null
        && new BigInteger(1, address).getLowestSetBit() >= 0
        && new BigInteger(1, address).getLowestSetBit()
            < address.length * Byte.SIZE - prefixLength(range);
  }

  /// The length of the prefix of a range such as `10.0.0.0/8`, or -1 when the text is none.
  public static int prefixLength(String range) {
    int slash = range.indexOf('/');
    byte[] address = slash < 0 ? null : parse(range.substring(0, slash));
    if (address == null || !range.substring(slash + 1).matches("0|[1-9][0-9]{0,2}")) {
      return -1;
    }
    int bits = Integer.parseInt(range.substring(slash + 1));
    return bits <= address.length * Byte.SIZE ? bits : -1;
  }
}
