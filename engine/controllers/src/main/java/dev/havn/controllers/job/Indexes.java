// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.job;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// A set of completion indexes, written as `1,3-5,7`: a job may have a hundred thousand of them,
/// and they are kept in its status.
///
/// @param ranges in order, none touching the next
record Indexes(List<Range> ranges) {
  static final Indexes NONE = new Indexes(List.of());

  private static final Pattern RANGE = Pattern.compile("([0-9]{1,10})(?:-([0-9]{1,10}))?");

  /// Both ends belong to it.
  record Range(int first, int last) {}

  static Indexes of(Collection<Integer> indexes) {
    return joined(indexes.stream().map(index -> new Range(index, index)).toList());
  }

  /// Reads the text of a status or a rule. What is beyond the last completion, which may have been
  /// lowered, is left out, and so is what is no range.
  static Indexes parse(@Nullable String text, int completions) {
    List<Range> ranges = new ArrayList<>();
    for (String part : text == null ? new String[0] : text.split(",", -1)) {
      Matcher range = RANGE.matcher(part);
      if (range.matches()) {
        long first = Long.parseLong(range.group(1));
        long last = range.group(2) == null ? first : Long.parseLong(range.group(2));
        if (first < completions && first <= last) {
          ranges.add(new Range((int) first, (int) Math.min(last, completions - 1)));
        }
      }
    }
    return joined(ranges);
  }

  private static Indexes joined(Collection<Range> ranges) {
    List<Range> sorted = new ArrayList<>(ranges);
    sorted.sort(Comparator.comparingInt(Range::first));
    List<Range> joined = new ArrayList<>();
    for (Range each : sorted) {
      Range before = joined.isEmpty() ? each : joined.getLast();
      if (joined.isEmpty() || each.first() > before.last() + 1) {
        joined.add(each);
      } else {
        joined.set(
            joined.size() - 1, new Range(before.first(), Math.max(before.last(), each.last())));
      }
    }
    return new Indexes(List.copyOf(joined));
  }

  Indexes plus(Indexes others) {
    if (others.isEmpty()) {
      return this;
    }
    List<Range> all = new ArrayList<>(ranges);
    all.addAll(others.ranges);
    return joined(all);
  }

  boolean isEmpty() {
    return ranges.isEmpty();
  }

  int count() {
    return ranges.stream().mapToInt(range -> range.last() - range.first() + 1).sum();
  }

  boolean contains(int index) {
    int low = 0;
    int high = ranges.size() - 1;
    while (low <= high) {
      int middle = (low + high) >>> 1;
      Range range = ranges.get(middle);
      if (index < range.first()) {
        high = middle - 1;
      } else if (index > range.last()) {
        low = middle + 1;
      } else {
        return true;
      }
    }
    return false;
  }

  /// How many indexes are in both.
  int common(Indexes others) {
    int common = 0;
    int mine = 0;
    int theirs = 0;
    while (mine < ranges.size() && theirs < others.ranges.size()) {
      Range a = ranges.get(mine);
      Range b = others.ranges.get(theirs);
      common += Math.max(0, Math.min(a.last(), b.last()) - Math.max(a.first(), b.first()) + 1);
      if (a.last() < b.last()) {
        mine++;
      } else {
        theirs++;
      }
    }
    return common;
  }

  /// The lowest indexes that are not in the set.
  ///
  /// @param count how many at most
  /// @param completions what they are below
  List<Integer> missing(int count, int completions) {
    List<Integer> missing = new ArrayList<>();
    int candidate = 0;
    for (Range range : ranges) {
      for (; candidate < Math.min(range.first(), completions); candidate++) {
        if (missing.size() == count) {
          return missing;
        }
        missing.add(candidate);
      }
      candidate = range.last() + 1;
    }
    for (; candidate < completions && missing.size() < count; candidate++) {
      missing.add(candidate);
    }
    return missing;
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    for (Range range : ranges) {
      text.append(text.isEmpty() ? "" : ",").append(range.first());
      int more = range.last() - range.first();
      if (more > 0) {
        text.append(more == 1 ? ',' : '-').append(range.last());
      }
    }
    return text.toString();
  }
}
