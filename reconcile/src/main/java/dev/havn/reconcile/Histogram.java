// SPDX-License-Identifier: Apache-2.0
package dev.havn.reconcile;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// How long something took, each time: counts by upper bound, as Prometheus' histograms are. Used
/// by one thread at a time.
public final class Histogram {
  private static final double NANOS_PER_SECOND = 1e9;

  private final List<Double> bounds;
  private final long[] counts;
  private long nanos;

  /// @param bounds in seconds, rising
  public Histogram(List<Double> bounds) {
    this.bounds = List.copyOf(bounds);
    this.counts = new long[bounds.size() + 1];
  }

  /// What was recorded up to a moment.
  ///
  /// @param within of each bound how many took no longer
  /// @param count of all
  public record Counts(List<Double> bounds, List<Long> within, long count, double seconds) {
    /// With those of another of the same bounds.
    Counts plus(Counts other) {
      List<Long> sums = new ArrayList<>();
      for (int i = 0; i < within.size(); i++) {
        sums.add(within.get(i) + other.within.get(i));
      }
      return new Counts(bounds, sums, count + other.count, seconds + other.seconds);
    }
  }

  /// Bounds that grow by a factor.
  public static List<Double> growing(double first, double factor, int count) {
    List<Double> bounds = new ArrayList<>();
    double bound = first;
    for (int i = 0; i < count; i++) {
      bounds.add(bound);
      bound *= factor;
    }
    return List.copyOf(bounds);
  }

  /// A clock that went back counts as no time.
  static double seconds(Duration duration) {
    return duration.isNegative() ? 0 : duration.toNanos() / NANOS_PER_SECOND;
  }

  public void record(Duration duration) {
    double seconds = seconds(duration);
    int at = 0;
    while (at < bounds.size() && seconds > bounds.get(at)) {
      at++;
    }
    counts[at]++;
    nanos += duration.isNegative() ? 0 : duration.toNanos();
  }

  /// Records how many there were of something that is no time: it stands where seconds do.
  public void record(int number) {
    record(Duration.ofSeconds(number));
  }

  public Counts counts() {
    List<Long> within = new ArrayList<>();
    long sum = 0;
    for (int i = 0; i < bounds.size(); i++) {
      sum += counts[i];
      within.add(sum);
    }
    return new Counts(
        bounds, List.copyOf(within), sum + counts[bounds.size()], nanos / NANOS_PER_SECOND);
  }
}
