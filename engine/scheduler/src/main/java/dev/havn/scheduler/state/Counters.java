// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.state;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// How many pods of a kind stand in each domain of a topology, for each kind that somebody asked
/// for: counted once over all pods, then kept up to date pod by pod. Those that nobody asked for
/// longest are forgotten.
final class Counters {
  private static final int KEPT_MAX = 2_000;

  private final Function<String, Map<String, String>> namespaceLabels;
  private final SelectorIndex<Counter> index = new SelectorIndex<>();
  private final Map<Counter.Key, Counter> counters =
      new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Counter.Key, Counter> eldest) {
          boolean full = size() > KEPT_MAX;
          if (full) {
            index.remove(eldest.getKey().kind().anchor(), eldest.getValue());
          }
          return full;
        }
      };

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
    this.namespaceLabels = namespaceLabels;
  }

  Tally of(PodKind kind, Topology topology, Collection<NodeState> nodes) {
    Counter.Key key = new Counter.Key(kind, topology);
    @Nullable Counter known = counters.get(key);
    if (known != null) {
      return known.tally();
    }
    Tally tally = new Tally(topology);
    for (NodeState node : nodes) {
      for (PodFacts pod : node.pods()) {
        if (kind.matches(pod, namespaceLabels)) {
          tally.add(node, 1);
        }
      }
    }
    Counter counter = new Counter(key, tally);
    counters.put(key, counter);
    index.put(kind.anchor(), counter);
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
    List<Counter> asking = new ArrayList<>();
    for (Counter each : counters.values()) {
      if (each.key().kind().asksNamespaces()) {
        asking.add(each);
      }
    }
    for (Counter each : asking) {
      counters.remove(each.key());
      index.remove(each.key().kind().anchor(), each);
    }
  }
}
