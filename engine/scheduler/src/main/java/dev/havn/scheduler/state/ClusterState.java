// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.state;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Taint;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Which pod stands where, and all sums over that, kept up to date change by change, so that
/// placing a pod costs nothing for the pods that are already there. A pod counts from the moment
/// its node is chosen, before the API says so.
public final class ClusterState {
  /// The label by which the topology knows each node for itself.
  private static final String EACH_NODE = "";

  /// Of topologies; each costs every node that changes one look.
  private static final int PARTS_MAX = 256;

  private final Map<String, NodeState> nodes = new HashMap<>();
  private final Map<String, Placed> placed = new HashMap<>();
  private final Map<String, Integer> claimUsers = new HashMap<>();
  private final Map<String, Map<String, Placed>> byNamespace = new HashMap<>();
  private final Map<String, Topology> topologies = new HashMap<>();
  private final Map<Within, Topology> parts =
      new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Within, Topology> eldest) {
          boolean full = size() > PARTS_MAX;
          if (full) {
            counters.forget(eldest.getValue());
          }
          return full;
        }
      };
  private final Map<String, Map<String, String>> namespaces = new HashMap<>();
  private final Map<String, Integer> images = new HashMap<>();
  private final Deque<Integer> freeSlots = new ArrayDeque<>();
  private final NodeOrder order = new NodeOrder();
  private final Counters counters = new Counters(this::namespaceLabels);
  private final Terms antiAffinity = new Terms(this::topology);
  private final Terms affinity = new Terms(this::topology);
  private final Terms preferences = new Terms(this::topology);
  private int slots;
  private long changes;

  private record Placed(PodFacts pod, NodeState node) {}

  private record Within(String key, NodeRule rule) {}

  /// All nodes, those of different zones by turns.
  public List<NodeState> nodes() {
    return order.list();
  }

  public @Nullable NodeState node(String name) {
    @Nullable NodeState state = nodes.get(name);
    return state == null || !state.isKnown() ? null : state;
  }

  public void put(Node node) {
    NodeState state = state(node.getMetadata().getName());
    countImages(state, -1);
    if (state.isKnown()
        && labels(node).equals(state.labels())
        && taints(node).equals(state.taints())) {
      state.set(node);
    } else {
      moved(state, each -> each.set(node));
      order.put(state);
    }
    countImages(state, 1);
    state.changed(++changes);
  }

  private static List<Taint> taints(Node node) {
    return node.getSpec() == null ? List.of() : node.getSpec().getTaints();
  }

  private static Map<String, String> labels(Node node) {
    Map<String, String> labels = node.getMetadata().getLabels();
    return labels == null ? Map.of() : labels;
  }

  public void removeNode(String name) {
    @Nullable NodeState state = nodes.get(name);
    if (state == null || !state.isKnown()) {
      return;
    }
    countImages(state, -1);
    order.remove(state);
    moved(state, each -> each.set(null));
    state.changed(++changes);
    release(state);
  }

  /// A node changes its labels or taints: its pods count nowhere meanwhile.
  private void moved(NodeState state, Consumer<NodeState> change) {
    state.pods().forEach(pod -> count(pod, state, -1));
    change.accept(state);
    topologies.values().forEach(topology -> topology.put(state));
    parts.values().forEach(part -> part.put(state));
    state.pods().forEach(pod -> count(pod, state, 1));
  }

  private NodeState state(String name) {
    return nodes.computeIfAbsent(
        name,
        _ -> {
          @Nullable Integer reused = freeSlots.poll();
          return new NodeState(name, reused == null ? slots++ : reused);
        });
  }

  private void release(NodeState state) {
    if (!state.isKnown() && state.podCount() == 0) {
      nodes.remove(state.name());
      freeSlots.add(state.slot());
    }
  }

  private void countImages(NodeState state, int times) {
    state
        .images()
        .keySet()
        .forEach(
            name ->
                images.compute(
                    name,
                    (_, before) -> {
                      int now = (before == null ? 0 : before) + times;
                      return now == 0 ? null : now;
                    }));
  }

  /// How many nodes have an image.
  public int nodesWithImage(String name) {
    return images.getOrDefault(name, 0);
  }

  /// Takes in that a pod stands on a node; whether that is new or counts otherwise than before.
  public boolean put(PodFacts pod, String node) {
    @Nullable Placed before = placed.get(pod.uid());
    if (before != null && before.node().name().equals(node) && before.pod().countsAs(pod)) {
      // It has a status now, as when it began.
      file(new Placed(pod, before.node()));
      before.node().renew(pod);
      before.node().changed(++changes);
      return false;
    }
    remove(pod.uid());
    NodeState state = state(node);
    file(new Placed(pod, state));
    enter(pod, state);
    state.changed(++changes);
    return true;
  }

  private void file(Placed at) {
    placed.put(at.pod().uid(), at);
    byNamespace.computeIfAbsent(at.pod().namespace(), _ -> new HashMap<>()).put(at.pod().uid(), at);
  }

  /// Frees what a pod had; whether it had anything.
  public boolean remove(String uid) {
    @Nullable Placed before = placed.remove(uid);
    if (before == null) {
      return false;
    }
    byNamespace.computeIfPresent(
        before.pod().namespace(),
        (_, here) -> {
          here.remove(uid);
          return here.isEmpty() ? null : here;
        });
    leave(before.pod(), before.node());
    before.node().changed(++changes);
    release(before.node());
    return true;
  }

  /// As if a pod stood on a node, until [#leave] takes it back.
  public void enter(PodFacts pod, NodeState node) {
    node.add(pod);
    count(pod, node, 1);
    pod.claims().forEach(claim -> claimUsers.merge(claim, 1, Integer::sum));
  }

  /// As if a pod were gone, until [#enter] brings it back.
  public void leave(PodFacts pod, NodeState node) {
    node.remove(pod);
    count(pod, node, -1);
    pod.claims()
        .forEach(claim -> claimUsers.computeIfPresent(claim, (_, n) -> n == 1 ? null : n - 1));
  }

  private void count(PodFacts pod, NodeState node, int times) {
    counters.add(pod, node, times);
    if (times > 0) {
      antiAffinity.add(pod.antiAffinity(), node);
      affinity.add(pod.affinity(), node);
      preferences.add(pod.preferences(), node);
    } else {
      antiAffinity.remove(pod.antiAffinity(), node);
      affinity.remove(pod.affinity(), node);
      preferences.remove(pod.preferences(), node);
    }
  }

  public int podCount() {
    return placed.size();
  }

  public boolean isPlaced(String uid) {
    return placed.containsKey(uid);
  }

  /// What is known of a pod that stands somewhere.
  public @Nullable PodFacts placed(String uid) {
    @Nullable Placed at = placed.get(uid);
    return at == null ? null : at.pod();
  }

  /// The node on which a pod stands, or null.
  public @Nullable String nodeOf(String uid) {
    @Nullable Placed at = placed.get(uid);
    return at == null ? null : at.node().name();
  }

  /// How many pods use a claim, by its key.
  public int usersOf(String claim) {
    return claimUsers.getOrDefault(claim, 0);
  }

  public void putNamespace(String name, Map<String, String> labels) {
    Map<String, String> before = namespaces.getOrDefault(name, Map.of());
    namespaces.put(name, labels);
    if (!before.equals(labels)) {
      counters.forgetNamespaces();
    }
  }

  public void removeNamespace(String name) {
    @Nullable Map<String, String> before = namespaces.remove(name);
    if (before != null && !before.isEmpty()) {
      counters.forgetNamespaces();
    }
  }

  public Map<String, String> namespaceLabels(String namespace) {
    return namespaces.getOrDefault(namespace, Map.of());
  }

  public Topology topology(String key) {
    @Nullable Topology known = topologies.get(key);
    if (known != null) {
      return known;
    }
    Topology topology = new Topology(key);
    topologies.put(key, topology);
    nodes.values().forEach(topology::put);
    return topology;
  }

  /// The same without nodes that a rule leaves out.
  public Topology topology(String key, NodeRule rule) {
    Within within = new Within(key, rule);
    @Nullable Topology known = parts.get(within);
    if (known != null) {
      return known;
    }
    Topology part = topology(key).within(rule);
    nodes.values().forEach(part::put);
    parts.put(within, part);
    return part;
  }

  /// In which each node is a domain of its own.
  public Topology eachNode() {
    return topology(EACH_NODE);
  }

  /// How many pods of a kind stand in each domain; stays up to date until the next change of a
  /// namespace.
  public Tally count(PodKind kind, Topology topology) {
    return counters.of(kind, topology, this::forEach);
  }

  private void forEach(PodKind kind, BiConsumer<PodFacts, NodeState> told) {
    @Nullable Set<String> namespaces = kind.namespaces();
    if (namespaces == null) {
      placed.values().forEach(at -> told.accept(at.pod(), at.node()));
      return;
    }
    for (String each : namespaces) {
      byNamespace
          .getOrDefault(each, Map.of())
          .values()
          .forEach(at -> told.accept(at.pod(), at.node()));
    }
  }

  /// What placed pods keep away from.
  public Terms antiAffinity() {
    return antiAffinity;
  }

  /// What placed pods need near them.
  public Terms affinity() {
    return affinity;
  }

  /// What placed pods would like near them, or far, by weight.
  public Terms preferences() {
    return preferences;
  }
}
