// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.kinds;

import java.util.ArrayList;
import java.util.List;

/// Indexes of an indexed Job as text, in rising order: `1,3-5,7`.
///
/// @param total how many indexes these are, 0 when the text cannot be read
/// @param problem why it cannot be read; empty when it can
record IndexIntervals(List<Interval> intervals, long total, String problem) {

  /// @param last the last index of it, not the first beyond
  record Interval(long first, long last) {}

  /// @param completions indexes end before it
  static IndexIntervals read(String text, long completions) {
    List<Interval> intervals = new ArrayList<>();
    long total = 0;
    try {
      for (String part : text.isEmpty() ? new String[0] : text.split(",", -1)) {
        Interval interval = interval(part, completions);
        if (!intervals.isEmpty()) {
          rising(intervals.getLast().last(), interval.first());
        }
        total += interval.last() - interval.first() + 1;
        intervals.add(interval);
      }
      return new IndexIntervals(List.copyOf(intervals), total, "");
    } catch (IllegalArgumentException e) {
      return new IndexIntervals(List.copyOf(intervals), 0, String.valueOf(e.getMessage()));
    }
  }

  private static Interval interval(String text, long completions) {
    String[] limits = text.split("-", -1);
    if (limits.length > 2) {
      throw new IllegalArgumentException(
          "the fragment \"%s\" violates the requirement that an index interval can have at most two parts separated by '-'"
              .formatted(text));
    }
    long first = index(limits[0], completions);
    if (limits.length == 1) {
      return new Interval(first, first);
    }
    long last = index(limits[1], completions);
    rising(first, last);
    return new Interval(first, last);
  }

  private static long index(String text, long completions) {
    if (!text.matches("[+]?[0-9]{1,18}")) {
      throw new IllegalArgumentException(
          "cannot convert string to integer for index: \"" + text + "\"");
    }
    long index = Long.parseLong(text);
    if (index >= completions) {
      throw new IllegalArgumentException("too large index: \"" + text + "\"");
    }
    return index;
  }

  private static void rising(long previous, long current) {
    if (previous >= current) {
      throw new IllegalArgumentException(
          "non-increasing order, previous: %d, current: %d".formatted(previous, current));
    }
  }

  /// The first index that is in both, or -1.
  long overlap(IndexIntervals other) {
    for (Interval one : intervals) {
      for (Interval two : other.intervals) {
        if (one.first() <= two.last() && two.first() <= one.last()) {
          return Math.max(one.first(), two.first());
        }
      }
    }
    return -1;
  }
}
