// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.expression;

import org.jspecify.annotations.Nullable;

/// How large something may be, from least to most; what is more than a `long` holds is its largest.
record Range(long least, long most) {
  static final Range UNKNOWN = new Range(0, Long.MAX_VALUE);
  static final Range ONE = new Range(1, 1);

  static Range of(long exactly) {
    return new Range(exactly, exactly);
  }

  static Range orUnknown(@Nullable Range range) {
    return range == null ? UNKNOWN : range;
  }

  /// What covers both.
  Range or(Range other) {
    return new Range(Math.min(least, other.least), Math.max(most, other.most));
  }

  Range plus(Range other) {
    return new Range(sum(least, other.least), sum(most, other.most));
  }

  Range times(Range other) {
    return new Range(product(least, other.least), product(most, other.most));
  }

  /// What it costs to read so many characters.
  long read(double perChar) {
    return scaled(most, perChar);
  }

  static long scaled(long count, double factor) {
    double cost = Math.ceil(count * factor);
    return cost >= Long.MAX_VALUE ? Long.MAX_VALUE : (long) cost;
  }

  static long sum(long one, long other) {
    long sum = one + other;
    return sum < 0 ? Long.MAX_VALUE : sum;
  }

  static long product(long one, long other) {
    boolean fits = Math.multiplyHigh(one, other) == 0 && one * other >= 0;
    return fits ? one * other : Long.MAX_VALUE;
  }
}
