// SPDX-License-Identifier: Apache-2.0
package dev.havn.network.dns;

import dev.havn.reconcile.Histogram;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Stream;

/// How long something took, each time, in the buckets of CoreDNS. Counting makes no objects and
/// waits for nobody. Threads: any.
final class Durations {
  /// In seconds, from a quarter of a millisecond to eight seconds.
  private static final List<Double> BOUNDS = Histogram.growing(0.000_25, 2, 16);

  private static final long FIRST_BOUND_NANOS = 250_000;
  private static final double NANOS_PER_SECOND = 1e9;

  private final LongAdder[] within = adders(BOUNDS.size() + 1);
  private final LongAdder took = new LongAdder();

  static LongAdder[] adders(int count) {
    return Stream.generate(LongAdder::new).limit(count).toArray(LongAdder[]::new);
  }

  /// @param nanos less than none counts as none
  void count(long nanos) {
    long duration = Math.max(0, nanos);
    took.add(duration);
    int at = 0;
    for (long bound = FIRST_BOUND_NANOS; at < BOUNDS.size() && duration > bound; bound *= 2) {
      at++;
    }
    within[at].increment();
  }

  Histogram.Counts counts() {
    List<Long> sums = new ArrayList<>();
    long sum = 0;
    for (int i = 0; i < BOUNDS.size(); i++) {
      sum += within[i].sum();
      sums.add(sum);
    }
    return new Histogram.Counts(
        BOUNDS,
        List.copyOf(sums),
        sum + within[BOUNDS.size()].sum(),
        took.sum() / NANOS_PER_SECOND);
  }
}
