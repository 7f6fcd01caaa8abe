// SPDX-License-Identifier: Apache-2.0
package dev.havn.store;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.BiConsumer;

/// How long something took, each time: counts by upper bound, as Prometheus' histograms are. Safe
/// for many threads; what is read while others record may be one record behind itself.
public final class Durations {
  private static final double NANOS_PER_SECOND = 1e9;

  private final List<Double> bounds;
  private final AtomicLongArray counts;
  private final LongAdder nanos = new LongAdder();

  /// @param bounds in seconds, rising
  public Durations(List<Double> bounds) {
    this.bounds = bounds;
    this.counts = new AtomicLongArray(bounds.size() + 1);
  }

  /// A clock that went back counts as no time.
  public void record(Duration duration) {
    long took = Math.max(0, duration.toNanos());
    double seconds = took / NANOS_PER_SECOND;
    int at = 0;
    while (at < bounds.size() && seconds > bounds.get(at)) {
      at++;
    }
    counts.incrementAndGet(at);
    nanos.add(took);
  }

  public double seconds() {
    return nanos.sum() / NANOS_PER_SECOND;
  }

  public long count() {
    long count = 0;
    for (int i = 0; i < counts.length(); i++) {
      count += counts.get(i);
    }
    return count;
  }

  /// Each bound (`0.005`, last `+Inf`) with how many took no longer.
  public void forEach(BiConsumer<String, Long> bucket) {
    long count = 0;
    for (int i = 0; i < bounds.size(); i++) {
      count += counts.get(i);
      double bound = bounds.get(i);
      bucket.accept(
          bound == Math.rint(bound) ? String.valueOf((long) bound) : String.valueOf(bound), count);
    }
    bucket.accept("+Inf", count + counts.get(bounds.size()));
  }
}
