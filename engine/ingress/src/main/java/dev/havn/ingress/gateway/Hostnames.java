// SPDX-License-Identifier: Apache-2.0
package dev.havn.ingress.gateway;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// Names of hosts, of which a star stands for one label or more.
final class Hostnames {
  private Hostnames() {}

  /// In lower case; empty for any.
  static String plain(@Nullable String name) {
    return name == null ? "" : name.toLowerCase(Locale.ROOT);
  }

  /// Whether there is a host that both stand for. All that two names have in common is what one of
  /// them stands for.
  ///
  /// @param one plain, as is the other
  static boolean intersect(String one, String other) {
    return covers(one, other) || covers(other, one);
  }

  /// Whether a name stands for all that another stands for.
  static boolean covers(String wide, String narrow) {
    return wide.isEmpty()
        || wide.equals(narrow)
        || wide.startsWith("*.")
            && narrow.endsWith(wide.substring(1))
            && narrow.length() > wide.length() - 1;
  }
}
