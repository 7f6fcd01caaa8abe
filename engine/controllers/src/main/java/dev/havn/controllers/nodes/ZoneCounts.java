// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.nodes;

import dev.havn.controllers.nodes.Zones.Zone;
import io.fabric8.kubernetes.api.model.Node;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// How many nodes of each zone are Ready, kept as nodes change: there may be thousands.
final class ZoneCounts {
  private static final Zone NONE = new Zone(0, 0);

  private final Map<String, Said> byNode = new HashMap<>();
  private final Map<String, Zone> byZone = new HashMap<>();

  /// What a node was counted as.
  private record Said(String zone, boolean isReady) {}

  /// Follows an informer, which may tell of a node twice.
  synchronized void changed(@Nullable Node before, @Nullable Node after) {
    Node node = Objects.requireNonNull(after == null ? before : after, "a node changed");
    String name = node.getMetadata().getName();
    @Nullable Said now =
        after == null
            ? null
            : new Said(Zones.nameOf(after), NodeTaints.readiness(after).equals("True"));
    @Nullable Said then = now == null ? byNode.remove(name) : byNode.put(name, now);
    if (!Objects.equals(now, then)) {
      add(then, -1);
      add(now, 1);
    }
  }

  private void add(@Nullable Said node, int difference) {
    if (node == null) {
      return;
    }
    Zone zone = byZone.getOrDefault(node.zone(), NONE);
    Zone counted =
        new Zone(
            zone.ready() + (node.isReady() ? difference : 0),
            zone.notReady() + (node.isReady() ? 0 : difference));
    if (counted.equals(NONE)) {
      byZone.remove(node.zone());
    } else {
      byZone.put(node.zone(), counted);
    }
  }

  synchronized Zones now() {
    return new Zones(Map.copyOf(byZone));
  }
}
