// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.endpoints;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.Collection;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Which part of the cluster's processors each zone has: traffic is taken to come from there in
/// these parts (KEP-2433).
///
/// @param byZone empty where too little is known of the nodes
record ZoneShares(SortedMap<String, Double> byZone) {
  /// How much more than its part an endpoint may get.
  static final double OVERLOAD = 0.2;

  private static final String ZONE = "topology.kubernetes.io/zone";
  private static final ZoneShares UNKNOWN = new ZoneShares(new TreeMap<>());

  /// Nodes of the control plane do not count, nor those that are not Ready. One of the others that
  /// does not say its zone or its processors makes all of it unknown.
  static ZoneShares of(Collection<Node> nodes) {
    SortedMap<String, Double> cpus = new TreeMap<>();
    for (Node node : nodes) {
      Map<String, String> labels = labels(node);
      boolean isOfControlPlane =
          labels.containsKey("node-role.kubernetes.io/control-plane")
              || labels.containsKey("node-role.kubernetes.io/master");
      if (isOfControlPlane || !isReady(node)) {
        continue;
      }
      String zone = zone(node);
      double cpu = cpu(node);
      if (zone.isEmpty() || cpu == 0) {
        return UNKNOWN;
      }
      cpus.merge(zone, cpu, Double::sum);
    }
    if (cpus.size() < 2) {
      return UNKNOWN;
    }
    double total = cpus.values().stream().mapToDouble(Double::doubleValue).sum();
    cpus.replaceAll((_, cpu) -> cpu / total);
    return new ZoneShares(cpus);
  }

  static boolean isReady(Node node) {
    return node.getStatus() != null
        && node.getStatus().getConditions().stream()
            .anyMatch(each -> each.getType().equals("Ready") && each.getStatus().equals("True"));
  }

  static String zone(Node node) {
    return labels(node).getOrDefault(ZONE, "");
  }

  private static Map<String, String> labels(Node node) {
    @Nullable Map<String, String> labels = node.getMetadata().getLabels();
    return labels == null ? Map.of() : labels;
  }

  private static double cpu(Node node) {
    @Nullable Quantity cpu =
        node.getStatus().getAllocatable() == null
            ? null
            : node.getStatus().getAllocatable().get("cpu");
    return cpu == null ? 0 : cpu.getNumericalAmount().doubleValue();
  }

  /// The least endpoints that a zone can do with.
  int least(String zone, double endpoints) {
    return (int) Math.ceil(endpoints * byZone.getOrDefault(zone, 0.0) * (1 / (1 + OVERLOAD)));
  }

  /// Whether some zone has too few of a Service's endpoints by now.
  ///
  /// @param counts of its endpoints by zone
  boolean isOverloaded(Map<String, Integer> counts) {
    double endpoints = counts.values().stream().mapToInt(Integer::intValue).sum();
    return byZone.isEmpty()
        || byZone.keySet().stream()
            .anyMatch(
                zone -> !counts.containsKey(zone) || counts.get(zone) < least(zone, endpoints));
  }
}
