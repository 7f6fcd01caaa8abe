// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.cronjob;

import java.util.BitSet;
import java.util.List;
import java.util.Locale;

/// The values that one field of a schedule names.
///
/// @param any whether one of its parts is a star, in steps of one
record CronField(BitSet values, boolean any) {
  private static final List<String> MONTHS =
      List.of("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec");
  private static final List<String> DAYS = List.of("sun", "mon", "tue", "wed", "thu", "fri", "sat");

  private record Bounds(int first, int last, List<String> names) {
    int value(String text) {
      int named = names.indexOf(text.toLowerCase(Locale.ROOT));
      return named >= 0 ? first + named : number(text);
    }
  }

  static CronField minutes(String text) {
    return parse(text, new Bounds(0, 59, List.of()));
  }

  static CronField hours(String text) {
    return parse(text, new Bounds(0, 23, List.of()));
  }

  static CronField days(String text) {
    return parse(text, new Bounds(1, 31, List.of()));
  }

  static CronField months(String text) {
    return parse(text, new Bounds(1, 12, MONTHS));
  }

  /// Sunday is 0.
  static CronField weekdays(String text) {
    return parse(text, new Bounds(0, 6, DAYS));
  }

  boolean has(int value) {
    return values.get(value);
  }

  private static CronField parse(String text, Bounds bounds) {
    BitSet values = new BitSet();
    boolean any = false;
    for (String part : text.split(",")) {
      any |= !part.isEmpty() && add(part, bounds, values);
    }
    return new CronField(values, any);
  }

  /// Whether the part is a star.
  private static boolean add(String part, Bounds bounds, BitSet values) {
    String[] range = part.split("/", -1);
    String[] ends = range[0].split("-", -1);
    if (range.length > 2 || ends.length > 2) {
      throw new Schedule.UnparseableException("no range of values: " + part);
    }
    boolean star = ends[0].equals("*") || ends[0].equals("?");
    int first = star ? bounds.first() : bounds.value(ends[0]);
    int last = first;
    if (star || (range.length == 2 && ends.length == 1)) {
      last = bounds.last();
    } else if (ends.length == 2) {
      last = bounds.value(ends[1]);
    }
    int step = range.length == 2 ? number(range[1]) : 1;
    if (first < bounds.first() || last > bounds.last() || first > last || step == 0) {
      throw new Schedule.UnparseableException(
          "values must be between %d and %d: %s".formatted(bounds.first(), bounds.last(), part));
    }
    for (int value = first; value <= last; value += step) {
      values.set(value);
      if (step > last - first) {
        break;
      }
    }
    return star && step == 1;
  }

  private static int number(String text) {
    if (!text.matches("\\+?[0-9]{1,9}")) {
      throw new Schedule.UnparseableException("failed to parse int from " + text);
    }
    return Integer.parseInt(text);
  }
}
