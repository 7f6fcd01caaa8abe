// SPDX-License-Identifier: Apache-2.0
package dev.havn.node.pod;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// How often probes were asked, what they said and how long they took. For many threads.
public final class ProbeCounts {
  /// The usual bounds of durations, in seconds.
  public static final List<Double> BOUNDS =
      List.of(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0);

  private final Map<Of, Series> all = new LinkedHashMap<>();

  /// Whose probe it is.
  ///
  /// @param type `Startup`, `Readiness` or `Liveness`
  public record Of(String namespace, String pod, String uid, String container, String type) {}

  /// @param within how many took no longer than each of the bounds
  public record Series(long successful, long failed, List<Long> within, double seconds) {
    private static final Series NONE = new Series(0, 0, BOUNDS.stream().map(_ -> 0L).toList(), 0);

    public long count() {
      return successful + failed;
    }

    private Series plus(boolean success, double took) {
      List<Long> more = new ArrayList<>();
      for (int i = 0; i < BOUNDS.size(); i++) {
        more.add(within.get(i) + (took <= BOUNDS.get(i) ? 1 : 0));
      }
      return new Series(
          successful + (success ? 1 : 0), failed + (success ? 0 : 1), more, seconds + took);
    }
  }

  synchronized void add(Of of, boolean success, Duration took) {
    all.put(of, all.getOrDefault(of, Series.NONE).plus(success, took.toNanos() / 1e9));
  }

  synchronized void forget(String uid) {
    all.keySet().removeIf(each -> each.uid().equals(uid));
  }

  public synchronized Map<Of, Series> all() {
    return new LinkedHashMap<>(all);
  }
}
