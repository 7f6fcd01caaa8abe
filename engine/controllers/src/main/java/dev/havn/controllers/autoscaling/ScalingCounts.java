// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.autoscaling;

import dev.havn.reconcile.Histogram;
import dev.havn.reconcile.Reconciler.Key;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/// What autoscalers have done and how long it took, as the metrics
/// `horizontal_pod_autoscaler_controller_*` of Kubernetes have it. Safe for many threads.
public final class ScalingCounts {
  /// From a millisecond to sixteen seconds.
  private static final List<Double> BOUNDS = Histogram.growing(0.001, 2, 15);

  private final Map<Labels, Histogram> reconciliations = new HashMap<>();
  private final Map<Labels, Histogram> computations = new HashMap<>();
  private final Map<Key, Integer> desired = new HashMap<>();
  private final Set<Key> autoscalers = new HashSet<>();

  /// What a look led to.
  enum Action {
    SCALE_UP,
    SCALE_DOWN,
    NONE;

    static Action between(int before, int after) {
      return after > before ? SCALE_UP : after < before ? SCALE_DOWN : NONE;
    }
  }

  /// Whose fault it is that it led to nothing: the object's, or whatever else happened.
  enum Fault {
    SPEC,
    INTERNAL,
    NONE
  }

  record Outcome(Action action, Fault fault) {}

  private record Labels(Outcome outcome, String metricType) {}

  /// @param metricType such as `Resource`, empty for a whole look
  public record Series(String action, String error, String metricType, Histogram.Counts counts) {}

  synchronized void looked(Outcome outcome, Duration took) {
    reconciliations
        .computeIfAbsent(new Labels(outcome, ""), _ -> new Histogram(BOUNDS))
        .record(took);
  }

  synchronized void computed(Outcome outcome, String metricType, Duration took) {
    computations
        .computeIfAbsent(new Labels(outcome, metricType), _ -> new Histogram(BOUNDS))
        .record(took);
  }

  synchronized void desires(Key autoscaler, int replicas) {
    desired.put(autoscaler, replicas);
  }

  /// An autoscaler is there.
  public synchronized void knows(Key autoscaler) {
    autoscalers.add(autoscaler);
  }

  /// An autoscaler is gone.
  public synchronized void forget(Key autoscaler) {
    autoscalers.remove(autoscaler);
    desired.remove(autoscaler);
  }

  /// How many there are.
  public synchronized int autoscalers() {
    return autoscalers.size();
  }

  /// Looks at whole autoscalers.
  public synchronized List<Series> reconciliations() {
    return series(reconciliations);
  }

  /// Looks at one of their metrics.
  public synchronized List<Series> computations() {
    return series(computations);
  }

  /// How many replicas each autoscaler wants now.
  public synchronized Map<Key, Integer> desired() {
    return Map.copyOf(desired);
  }

  private static List<Series> series(Map<Labels, Histogram> all) {
    return all.entrySet().stream()
        .map(
            each ->
                new Series(
                    label(each.getKey().outcome().action()),
                    label(each.getKey().outcome().fault()),
                    each.getKey().metricType(),
                    each.getValue().counts()))
        .sorted(
            Comparator.comparing(Series::action)
                .thenComparing(Series::error)
                .thenComparing(Series::metricType))
        .toList();
  }

  private static String label(Enum<?> of) {
    return of.name().toLowerCase(Locale.ROOT);
  }
}
