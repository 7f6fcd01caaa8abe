// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Pod;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Which pod has what of which node, kept up to date change by change, so that a placement costs
/// nothing for the pods that are already there. A pod counts from the moment its node is chosen,
/// before the API says so.
final class Placements {
  private final Map<String, NodeState> nodes = new HashMap<>();
  private final List<NodeState> order = new ArrayList<>();
  private final Map<String, Place> places = new HashMap<>();

  /// Where a pod is, by its uid.
  private record Place(String node, Demand demand) {}

  synchronized void put(Node node) {
    String name = node.getMetadata().getName();
    @Nullable NodeState known = nodes.get(name);
    if (known != null) {
      known.update(node);
      return;
    }
    NodeState state = new NodeState(node);
    places.values().stream()
        .filter(place -> place.node().equals(name))
        .forEach(place -> state.add(place.demand()));
    nodes.put(name, state);
    order.add(state);
  }

  synchronized void remove(Node node) {
    @Nullable NodeState gone = nodes.remove(node.getMetadata().getName());
    if (gone != null) {
      order.remove(gone);
    }
  }

  /// Takes in where the API says that a pod is.
  synchronized void put(Pod pod) {
    String uid = pod.getMetadata().getUid();
    String node = pod.getSpec().getNodeName();
    @Nullable Place before = places.get(uid);
    Demand demand = Demand.of(pod);
    if (before == null || !before.node().equals(node) || !before.demand().equals(demand)) {
      take(uid, new Place(node, demand));
    }
  }

  private void take(String uid, Place place) {
    free(uid);
    places.put(uid, place);
    @Nullable NodeState state = nodes.get(place.node());
    if (state != null) {
      state.add(place.demand());
    }
  }

  /// Frees what a pod had; whether it had anything.
  synchronized boolean free(String uid) {
    @Nullable Place before = places.remove(uid);
    if (before == null) {
      return false;
    }
    @Nullable NodeState state = nodes.get(before.node());
    if (state != null) {
      state.remove(before.demand());
    }
    return true;
  }

  synchronized boolean isPlaced(String uid) {
    return places.containsKey(uid);
  }

  /// Lets `choose` look at all nodes in the order in which they came, and gives the pod what it
  /// chose, in one step.
  synchronized @Nullable NodeState place(
      Pod pod, Demand demand, Function<List<NodeState>, @Nullable NodeState> choose) {
    @Nullable NodeState chosen = choose.apply(order);
    if (chosen != null) {
      take(pod.getMetadata().getUid(), new Place(chosen.name(), demand));
    }
    return chosen;
  }
}
