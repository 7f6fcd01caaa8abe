// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.custom;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The order of API versions: stable ones before betas before alphas, higher numbers first, then
/// all that are named otherwise, by their text.
public final class VersionOrder {
  private static final Pattern VERSION = Pattern.compile("v([0-9]+)(?:(alpha|beta)([0-9]+))?");

  private VersionOrder() {}

  /// Negative when `one` comes first.
  public static int compare(String one, String other) {
    Matcher first = VERSION.matcher(one);
    Matcher second = VERSION.matcher(other);
    boolean isFirst = first.matches();
    boolean isSecond = second.matches();
    if (!isFirst || !isSecond) {
      return isFirst ? -1 : isSecond ? 1 : one.compareTo(other);
    }
    int stability = Integer.compare(rank(second), rank(first));
    if (stability != 0) {
      return stability;
    }
    int major = compareNumbers(second.group(1), first.group(1));
    return major != 0 || first.group(3) == null
        ? major
        : compareNumbers(second.group(3), first.group(3));
  }

  private static int rank(Matcher version) {
    return version.group(2) == null ? 2 : version.group(2).equals("beta") ? 1 : 0;
  }

  private static int compareNumbers(String one, String other) {
    return new java.math.BigInteger(one).compareTo(new java.math.BigInteger(other));
  }
}
