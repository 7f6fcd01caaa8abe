// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.validate;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/// IP addresses in their canonical form (RFC 5952 for version 6).
final class Addresses {
  private static final Pattern VERSION_4 =
      Pattern.compile("((25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(\\.(?!$)|$)){4}");
  private static final Pattern VERSION_6 = Pattern.compile("[0-9a-fA-F:.]*:[0-9a-fA-F:.]*");
  private static final int GROUPS = 8;

  private Addresses() {}

  /// What is wrong with a name that must be an address.
  static List<String> problems(String name) {
    if (VERSION_4.matcher(name).matches()) {
      return List.of();
    }
    if (VERSION_6.matcher(name).matches()) {
      try {
        byte[] bytes = InetAddress.getByName(name).getAddress();
        String canonical = canonical(bytes);
        return canonical.equals(name)
            ? List.of()
            : List.of("must be in canonical form (\"" + canonical + "\")");
      } catch (UnknownHostException none) {
        return List.of(invalid());
      }
    }
    return List.of(invalid());
  }

  private static String invalid() {
    return "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
  }

  /// Groups without leading zeros, the first longest run of zero groups as `::`.
  static String canonical(byte[] bytes) {
    int[] groups = new int[GROUPS];
    for (int i = 0; i < GROUPS && bytes.length == 2 * GROUPS; i++) {
      groups[i] = (bytes[2 * i] & 0xff) << 8 | (bytes[2 * i + 1] & 0xff);
    }
    int start = -1;
    int length = 1;
    for (int i = 0; i < GROUPS; i++) {
      int run = 0;
      while (i + run < GROUPS && groups[i + run] == 0) {
        run++;
      }
      if (run > length) {
        start = i;
        length = run;
      }
    }
    List<String> before = new ArrayList<>();
    List<String> after = new ArrayList<>();
    for (int i = 0; i < GROUPS; i++) {
      if (start < 0 || i < start) {
        before.add(Integer.toHexString(groups[i]));
      } else if (i >= start + length) {
        after.add(Integer.toHexString(groups[i]));
      }
    }
    return start < 0
        ? String.join(":", before)
        : String.join(":", before) + "::" + String.join(":", after);
  }
}
