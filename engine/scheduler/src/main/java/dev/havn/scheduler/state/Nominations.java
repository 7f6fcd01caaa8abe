// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.state;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Pods for which a node is being cleared. Less important ones must not take their places.
public final class Nominations {
  private final Map<String, Map<String, PodFacts>> byNode = new HashMap<>();
  private final Map<String, String> nodeOf = new HashMap<>();

  public void put(PodFacts pod, String node) {
    remove(pod.uid());
    nodeOf.put(pod.uid(), node);
    byNode.computeIfAbsent(node, _ -> new LinkedHashMap<>()).put(pod.uid(), pod);
  }

  /// Whether some of them keep away from others.
  public boolean haveAntiAffinity() {
    return byNode.values().stream()
        .anyMatch(here -> here.values().stream().anyMatch(each -> !each.antiAffinity().isEmpty()));
  }

  /// Gives the pod whose nomination ends, or null when it has none.
  public @Nullable PodFacts remove(String uid) {
    @Nullable String node = nodeOf.remove(uid);
    @Nullable Map<String, PodFacts> here = node == null ? null : byNode.get(node);
    @Nullable PodFacts gone = here == null ? null : here.remove(uid);
    if (here != null && here.isEmpty()) {
      byNode.remove(node);
    }
    return gone;
  }

  /// The node that is being cleared for a pod, or null.
  public @Nullable String nodeOf(String uid) {
    return nodeOf.get(uid);
  }

  /// Those for which a node is being cleared.
  public List<PodFacts> on(String node) {
    return List.copyOf(byNode.getOrDefault(node, Map.of()).values());
  }

  /// Those whose place on a node another pod has to leave free: as important or more.
  public List<PodFacts> before(PodFacts pod, NodeState node) {
    @Nullable Map<String, PodFacts> here = byNode.isEmpty() ? null : byNode.get(node.name());
    if (here == null) {
      return List.of();
    }
    List<PodFacts> before = new ArrayList<>();
    for (PodFacts each : here.values()) {
      if (each.priority() >= pod.priority() && !each.uid().equals(pod.uid())) {
        before.add(each);
      }
    }
    return before;
  }

  /// Those that are less important and lose the node to a pod.
  public List<PodFacts> after(PodFacts pod, String node) {
    Map<String, PodFacts> here = byNode.getOrDefault(node, Map.of());
    return here.values().stream().filter(each -> each.priority() < pod.priority()).toList();
  }
}
