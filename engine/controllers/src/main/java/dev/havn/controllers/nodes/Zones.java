// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.nodes;

import dev.havn.controllers.nodes.NodeOptions.EvictionRates;
import io.fabric8.kubernetes.api.model.Node;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/// How much of each zone does not work, which decides how fast pods are sent away from nodes: the
/// more nodes fail at once, the likelier it is that they are well and cannot be heard.
///
/// @param byName the zones of nodes that have said or not said whether they are Ready
record Zones(Map<String, Zone> byName) {
  private static final String REGION = "topology.kubernetes.io/region";
  private static final String ZONE = "topology.kubernetes.io/zone";
  private static final int ALWAYS_HEALTHY_NODES = 2;

  record Zone(int ready, int notReady) {
    boolean isLost() {
      return ready == 0 && notReady > 0;
    }

    /// Between two nodes that are to lose their pods; empty when none may.
    Optional<Duration> pause(EvictionRates rates) {
      int all = ready + notReady;
      boolean isUnhealthy =
          !isLost()
              && notReady > ALWAYS_HEALTHY_NODES
              && (float) notReady / all >= rates.unhealthyShare();
      return isUnhealthy && all <= rates.smallNodes() ? Optional.empty() : rates.pause(isUnhealthy);
    }
  }

  static String nameOf(Node node) {
    Map<String, String> labels = node.getMetadata().getLabels();
    return labels == null
        ? ""
        : labels.getOrDefault(REGION, "") + "/" + labels.getOrDefault(ZONE, "");
  }

  /// Whether no node of the cluster is Ready: then none loses its pods.
  boolean areAllLost() {
    return byName.values().stream().allMatch(Zone::isLost);
  }

  /// Between two nodes of a zone that are to lose their pods; empty when none may.
  Optional<Duration> pause(String zone, EvictionRates rates) {
    return byName.getOrDefault(zone, new Zone(0, 0)).pause(rates);
  }
}
