// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.state;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The order in which nodes are looked at: one of each zone by turns, so that those that are looked
/// at when not all are come from all zones.
final class NodeOrder {
  private static final String REGION = "topology.kubernetes.io/region";
  private static final String ZONE = "topology.kubernetes.io/zone";

  private final Map<String, NodeState> nodes = new LinkedHashMap<>();
  private @Nullable List<NodeState> list;

  void put(NodeState node) {
    nodes.putIfAbsent(node.name(), node);
    list = null;
  }

  void remove(NodeState node) {
    nodes.remove(node.name());
    list = null;
  }

  List<NodeState> list() {
    if (list == null) {
      list = byTurns();
    }
    return list;
  }

  private List<NodeState> byTurns() {
    Map<String, List<NodeState>> zones = new LinkedHashMap<>();
    for (NodeState node : nodes.values()) {
      zones.computeIfAbsent(zone(node), _ -> new ArrayList<>()).add(node);
    }
    List<NodeState> all = new ArrayList<>(nodes.size());
    for (int turn = 0; all.size() < nodes.size(); turn++) {
      for (List<NodeState> zone : zones.values()) {
        if (turn < zone.size()) {
          all.add(zone.get(turn));
        }
      }
    }
    return List.copyOf(all);
  }

  private static String zone(NodeState node) {
    return node.labels().getOrDefault(REGION, "") + ":" + node.labels().getOrDefault(ZONE, "");
  }
}
