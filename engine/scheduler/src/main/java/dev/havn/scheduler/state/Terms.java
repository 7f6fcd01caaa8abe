// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.state;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// The affinity terms that placed pods have, each once, with how much of it stands in each domain
/// of its topology: a pod that comes asks them, not the pods.
public final class Terms {
  private final Function<String, Topology> topologies;
  private final Map<Term, Held> held = new HashMap<>();
  private final SelectorIndex<Held> index = new SelectorIndex<>();

  /// Terms that nobody has any more. They stay until the next pod asks: one that is only taken away
  /// to see what would be comes back to the same tally.
  private final Set<Held> idle = new HashSet<>();

  private record Term(PodSelector selector, String topologyKey) {}

  /// A term and how much of it there is.
  private static final class Held {
    private final Term term;
    private final Tally tally;
    private int holders;

    Held(Term term, Tally tally) {
      this.term = term;
      this.tally = tally;
    }
  }

  /// @param topologies by key
  Terms(Function<String, Topology> topologies) {
    this.topologies = topologies;
  }

  void add(List<AffinityTerm> terms, NodeState node) {
    for (AffinityTerm each : terms) {
      Term term = new Term(each.selector(), each.topologyKey());
      Held one = held.computeIfAbsent(term, this::open);
      one.holders++;
      one.tally.add(node, each.weight());
    }
  }

  private Held open(Term term) {
    Held opened = new Held(term, new Tally(topologies.apply(term.topologyKey())));
    index.put(term.selector().labels(), opened);
    return opened;
  }

  void remove(List<AffinityTerm> terms, NodeState node) {
    for (AffinityTerm each : terms) {
      Term term = new Term(each.selector(), each.topologyKey());
      @Nullable Held one = held.get(term);
      if (one == null) {
        continue;
      }
      one.tally.add(node, -each.weight());
      if (--one.holders == 0) {
        idle.add(one);
      }
    }
  }

  private void sweep() {
    for (Held each : idle) {
      if (each.holders == 0) {
        held.remove(each.term);
        index.remove(each);
      }
    }
    idle.clear();
  }

  /// The tallies of all terms that mean a pod; they stay up to date.
  public List<Tally> meaning(PodFacts pod, Function<String, Map<String, String>> namespaceLabels) {
    sweep();
    if (held.isEmpty()) {
      return List.of();
    }
    List<Tally> found = new ArrayList<>();
    index.candidates(
        pod.labels(),
        each -> {
          if (each.term.selector().matches(pod, namespaceLabels)) {
            found.add(each.tally);
          }
        });
    return found;
  }
}
