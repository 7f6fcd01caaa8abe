// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.device;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A version as of semver.org.
///
/// @param before the identifiers of a pre-release, empty for a release
record Version(long major, long minor, long patch, List<String> before)
    implements Comparable<Version> {
  private static final Pattern STRICT =
      Pattern.compile(
          "(0|[1-9]\\d{0,17})\\.(0|[1-9]\\d{0,17})\\.(0|[1-9]\\d{0,17})"
              + "(?:-([0-9A-Za-z.-]+))?(?:\\+[0-9A-Za-z.-]+)?");
  private static final Pattern LOOSE =
      Pattern.compile(
          "v?(\\d{1,18})(?:\\.(\\d{1,18}))?(?:\\.(\\d{1,18}))?"
              + "(?:-([0-9A-Za-z.-]+))?(?:\\+[0-9A-Za-z.-]+)?");

  /// @param normalize whether `v1.0` counts as `1.0.0`
  static Version parse(String text, boolean normalize) {
    Matcher found = (normalize ? LOOSE : STRICT).matcher(text);
    if (!found.matches()) {
      throw new IllegalArgumentException("No Major.Minor.Patch elements found");
    }
    return new Version(
        number(found, 1),
        number(found, 2),
        number(found, 3),
        found.group(4) == null ? List.of() : List.of(found.group(4).split("\\.")));
  }

  private static long number(Matcher found, int group) {
    return found.group(group) == null ? 0 : Long.parseLong(found.group(group));
  }

  static boolean isOne(String text, boolean normalize) {
    return (normalize ? LOOSE : STRICT).matcher(text).matches();
  }

  /// A release is later than what came before it.
  @Override
  public int compareTo(Version other) {
    int numbers = Long.compare(major, other.major);
    numbers = numbers != 0 ? numbers : Long.compare(minor, other.minor);
    numbers = numbers != 0 ? numbers : Long.compare(patch, other.patch);
    if (numbers != 0 || before.equals(other.before)) {
      return numbers;
    }
    if (before.isEmpty() || other.before.isEmpty()) {
      return before.isEmpty() ? 1 : -1;
    }
    for (int i = 0; i < Math.min(before.size(), other.before.size()); i++) {
      int part = compare(before.get(i), other.before.get(i));
      if (part != 0) {
        return part;
      }
    }
    return Integer.compare(before.size(), other.before.size());
  }

  /// Numbers come before words.
  private static int compare(String one, String other) {
    boolean number = one.matches("\\d{1,18}");
    boolean otherNumber = other.matches("\\d{1,18}");
    if (number && otherNumber) {
      return Long.compare(Long.parseLong(one), Long.parseLong(other));
    }
    return number == otherNumber ? one.compareTo(other) : number ? -1 : 1;
  }
}
