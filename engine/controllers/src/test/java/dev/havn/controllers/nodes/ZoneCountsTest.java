// SPDX-License-Identifier: Apache-2.0
package dev.havn.controllers.nodes;

import static org.assertj.core.api.Assertions.assertThat;

import dev.havn.controllers.nodes.Zones.Zone;
import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Zones are counted right however often and in whatever order a node is told of.
final class ZoneCountsTest {
  private final ZoneCounts counts = new ZoneCounts();

  @Test
  void aNodeThatIsToldTwiceCountsOnce() {
    Node node = node("a", "east", "True");
    counts.changed(null, node);
    counts.changed(null, node);
    assertThat(counts.now().byName()).isEqualTo(Map.of("/east", new Zone(1, 0)));
  }

  @Test
  void aNodeThatFallsSilentOrMovesIsCountedWhereItIs() {
    Node ready = node("a", "east", "True");
    Node silent = node("a", "east", "Unknown");
    Node moved = node("a", "west", "Unknown");
    counts.changed(null, ready);
    counts.changed(ready, silent);
    assertThat(counts.now().byName()).isEqualTo(Map.of("/east", new Zone(0, 1)));
    counts.changed(silent, moved);
    assertThat(counts.now().byName()).isEqualTo(Map.of("/west", new Zone(0, 1)));
  }

  @Test
  void aZoneWithoutNodesIsForgotten() {
    Node node = node("a", "east", "False");
    counts.changed(null, node);
    counts.changed(null, node("b", "west", "True"));
    counts.changed(node, null);
    counts.changed(node, null);
    assertThat(counts.now().byName()).isEqualTo(Map.of("/west", new Zone(1, 0)));
    assertThat(counts.now().areAllLost()).isFalse();
  }

  private static Node node(String name, String zone, String ready) {
    return new NodeBuilder()
        .withNewMetadata()
        .withName(name)
        .addToLabels("topology.kubernetes.io/zone", zone)
        .endMetadata()
        .withNewStatus()
        .addNewCondition()
        .withType("Ready")
        .withStatus(ready)
        .endCondition()
        .endStatus()
        .build();
  }
}
