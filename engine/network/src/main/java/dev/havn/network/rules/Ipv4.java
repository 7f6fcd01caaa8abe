// SPDX-License-Identifier: Apache-2.0
package dev.havn.network.rules;

import java.util.regex.Pattern;

/// Which texts may stand in rules as an address. Objects carry others: the API does not look at all
/// of their fields, `nft` would ask a name server for what looks like a name, and a single element
/// that it cannot understand makes it refuse a whole script.
public final class Ipv4 {
  private static final Pattern LITERAL =
      Pattern.compile("(?:(?:0|[1-9]\\d?|1\\d\\d|2[0-4]\\d|25[0-5])(?:\\.(?!$)|$)){4}");
  private static final int PORT_MAX = 65_535;

  private Ipv4() {}

  public static boolean isAddress(String text) {
    return LITERAL.matcher(text).matches();
  }

  /// Whether packets of others may be led there: neither to where each machine means itself or its
  /// link, nor to many at once.
  public static boolean isTarget(String text) {
    if (!isAddress(text)) {
      return false;
    }
    int first = Integer.parseInt(text.substring(0, text.indexOf('.')));
    boolean toMany = (first >= 224 && first < 240) || text.equals("255.255.255.255");
    return first != 0 && first != 127 && !text.startsWith("169.254.") && !toMany;
  }

  public static boolean isPort(int number) {
    return number > 0 && number <= PORT_MAX;
  }
}
