// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.expression;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A version as of semver.org in an expression.
///
/// @param before the identifiers of a pre-release, empty for a release
record SemverValue(long major, long minor, long patch, List<String> before)
    implements Comparable<SemverValue> {
  private static final String NUMBER = "(0|[1-9][0-9]{0,17})";
  private static final Pattern SYNTAX =
      Pattern.compile(
          NUMBER
              + "\\."
              + NUMBER
              + "\\."
              + NUMBER
              + "(?:-((?:0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)"
              + "(?:\\.(?:0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*))*))?"
              + "(?:\\+[0-9a-zA-Z-]+(?:\\.[0-9a-zA-Z-]+)*)?");
  private static final Pattern LENIENT =
      Pattern.compile("v?([0-9]+)(?:\\.([0-9]+))?(?:\\.([0-9]+))?(.*)");

  /// @param normalize whether `v1.0` counts as `1.0.0`
  static SemverValue parse(String text, boolean normalize) {
    Matcher matcher = SYNTAX.matcher(normalize ? normal(text) : text);
    if (!matcher.matches()) {
      throw new IllegalArgumentException("No Major.Minor.Patch elements found");
    }
    List<String> before = new ArrayList<>();
    if (matcher.group(4) != null) {
      before.addAll(List.of(matcher.group(4).split("\\.")));
    }
    return new SemverValue(
        Long.parseLong(matcher.group(1)),
        Long.parseLong(matcher.group(2)),
        Long.parseLong(matcher.group(3)),
        List.copyOf(before));
  }

  private static String normal(String text) {
    Matcher matcher = LENIENT.matcher(text);
    if (!matcher.matches()) {
      return text;
    }
    return bare(matcher.group(1))
        + "."
        + bare(matcher.group(2))
        + "."
        + bare(matcher.group(3))
        + matcher.group(4);
  }

  private static String bare(@org.jspecify.annotations.Nullable String number) {
    return number == null ? "0" : number.replaceFirst("^0+(?=[0-9])", "");
  }

  static boolean isOne(String text, boolean normalize) {
    try {
      return parse(text, normalize) != null;
    } catch (IllegalArgumentException none) {
      return false;
    }
  }

  @Override
  public int compareTo(SemverValue other) {
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
      int order = compare(before.get(i), other.before.get(i));
      if (order != 0) {
        return order;
      }
    }
    return Integer.compare(before.size(), other.before.size());
  }

  private static int compare(String one, String other) {
    boolean first = one.matches("[0-9]+");
    boolean second = other.matches("[0-9]+");
    if (first && second) {
      return new java.math.BigInteger(one).compareTo(new java.math.BigInteger(other));
    }
    return first == second ? one.compareTo(other) : first ? -1 : 1;
  }
}
