// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.expression;

import com.google.re2j.Matcher;
import com.google.re2j.Pattern;
import java.util.ArrayList;
import java.util.List;

/// Kubernetes' functions on texts and lists.
final class Texts {
  private Texts() {}

  static String find(String text, String pattern) {
    Matcher matcher = Pattern.compile(pattern).matcher(text);
    return matcher.find() ? matcher.group() : "";
  }

  /// @param most -1 for all
  static List<String> findAll(String text, String pattern, long most) {
    List<String> found = new ArrayList<>();
    Matcher matcher = Pattern.compile(pattern).matcher(text);
    while ((most < 0 || found.size() < most) && matcher.find()) {
      found.add(matcher.group());
    }
    return found;
  }

  static long indexOf(List<?> list, Object value) {
    return list.indexOf(value);
  }

  static long lastIndexOf(List<?> list, Object value) {
    return list.lastIndexOf(value);
  }

  @SuppressWarnings("unchecked") // the compiler has seen that the items can be compared
  private static int compare(Object one, Object other) {
    return ((Comparable<Object>) one).compareTo(other);
  }

  static boolean isSorted(List<?> list) {
    for (int i = 1; i < list.size(); i++) {
      if (compare(list.get(i - 1), list.get(i)) > 0) {
        return false;
      }
    }
    return true;
  }

  /// @param sign 1 for the greatest, -1 for the least
  static Object extreme(List<?> list, int sign) {
    if (list.isEmpty()) {
      throw new IllegalArgumentException((sign > 0 ? "max" : "min") + " called on empty list");
    }
    Object best = list.getFirst();
    for (Object each : list) {
      best = compare(each, best) * sign > 0 ? each : best;
    }
    return best;
  }

  static long sumOfIntegers(List<?> list) {
    long sum = 0;
    for (Object each : list) {
      sum = Math.addExact(sum, ((Number) each).longValue());
    }
    return sum;
  }

  static double sumOfDoubles(List<?> list) {
    double sum = 0;
    for (Object each : list) {
      sum += ((Number) each).doubleValue();
    }
    return sum;
  }
}
