// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.state;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// How many pods of a kind stand in each domain of a topology, for each kind that somebody asked
/// for: counted once over the pods of its namespaces, then kept up to date pod by pod. Those that
/// nobody asked for longest are forgotten. A kind with few pods takes few bytes, so that many fit.
final class Counters {
  private static final int KEPT_MAX = 20_000;

  private final Function<String, Map<String, String>> namespaceLabels;
  private final int keptMax;
  private final SelectorIndex<Counter> index = new SelectorIndex<>();
  private final Map<Counter.Key, Counter> counters =
      new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Counter.Key, Counter> eldest) {
          boolean full = size() > keptMax;
          if (full) {
            index.remove(eldest.getValue());
          }
          return full;
        }
      };

  /// Gives all pods of some namespaces, or of all for null, with their nodes.
  @FunctionalInterface
  interface Pods {
    void forEach(PodKind kind, BiConsumer<PodFacts, NodeState> told);
  }

  record Counter(Key key, Tally tally) {
    record Key(PodKind kind, Topology topology) {
      @Override
      public boolean equals(@Nullable Object other) {
        return other instanceof Key that && topology == that.topology && kind.equals(that.kind);
      }

      @Override
      public int hashCode() {
        return kind.hashCode() * 31 + System.identityHashCode(topology);
      }
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return this == other;
    }

    @Override
    public int hashCode() {
      return System.identityHashCode(this);
    }
  }

  Counters(Function<String, Map<String, String>> namespaceLabels) {
    this(namespaceLabels, KEPT_MAX);
  }

  Counters(Function<String, Map<String, String>> namespaceLabels, int keptMax) {
    this.namespaceLabels = namespaceLabels;
    this.keptMax = keptMax;
  }

  Tally of(PodKind kind, Topology topology, Pods pods) {
    Counter.Key key = new Counter.Key(kind, topology);
    @Nullable Counter known = counters.get(key);
    if (known != null) {
      return known.tally();
    }
    Tally tally = new Tally(topology);
    pods.forEach(
        kind,
        (pod, node) -> {
          if (kind.matches(pod, namespaceLabels)) {
            tally.add(node, 1);
          }
        });
    Counter counter = new Counter(key, tally);
    index.put(kind.anchor(), counter);
    counters.put(key, counter);
    return tally;
  }

  void add(PodFacts pod, NodeState node, int times) {
    if (counters.isEmpty()) {
      return;
    }
    index.candidates(
        pod.labels(),
        counter -> {
          if (counter.key().kind().matches(pod, namespaceLabels)) {
            counter.tally().add(node, times);
          }
        });
  }

  /// Labels of a namespace have changed: what was counted by them is counted anew when asked for.
  void forgetNamespaces() {
    forget(each -> each.kind().asksNamespaces());
  }

  void forget(Topology topology) {
    forget(each -> each.topology() == topology);
  }

  private void forget(Predicate<Counter.Key> which) {
    List<Counter> found = new ArrayList<>();
    for (Counter each : counters.values()) {
      if (which.test(each.key())) {
        found.add(each);
      }
    }
    for (Counter each : found) {
      counters.remove(each.key());
      index.remove(each);
    }
  }
}
