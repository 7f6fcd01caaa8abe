// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class PlacementsTest {
  private static final int NODES = 3;
  private static final int PODS = 5;

  /// Each number is a step: which pod, which node, and whether the pod comes, goes, or the node
  /// comes or goes.
  @Property(tries = 300)
  void whatIsKeptEqualsWhatIsCountedAnew(
      @ForAll @Size(max = 60) List<@IntRange(max = 59) Integer> steps) {
    Placements placements = new Placements();
    Map<String, String> nodeOf = new HashMap<>();
    List<String> nodes = new ArrayList<>();
    for (int step : steps) {
      String pod = "p" + step % PODS;
      String node = "n" + step / PODS % NODES;
      switch (step / (PODS * NODES)) {
        case 0, 1 -> {
          placements.put(pod(pod, node));
          nodeOf.put(pod, node);
        }
        case 2 -> {
          assertThat(placements.free(pod)).isEqualTo(nodeOf.remove(pod) != null);
        }
        default -> {
          if (nodes.remove(node)) {
            placements.remove(node(node));
          } else {
            nodes.add(node);
            placements.put(node(node));
          }
        }
      }
      check(placements, nodeOf, nodes);
    }
  }

  private static void check(Placements placements, Map<String, String> nodeOf, List<String> nodes) {
    placements.place(
        pod("asking", ""),
        Demand.of(pod("asking", "")),
        states -> {
          assertThat(states).extracting(NodeState::name).containsExactlyElementsOf(nodes);
          for (NodeState state : states) {
            long count = nodeOf.values().stream().filter(state.name()::equals).count();
            assertThat(state.pods()).isEqualTo((int) count);
            assertThat(state.requested("cpu")).isEqualTo(100 * count);
          }
          return null;
        });
  }

  private static Node node(String name) {
    return new NodeBuilder().withNewMetadata().withName(name).endMetadata().build();
  }

  private static Pod pod(String uid, String node) {
    return new PodBuilder()
        .withNewMetadata()
        .withUid(uid)
        .endMetadata()
        .withNewSpec()
        .withNodeName(node)
        .addNewContainer()
        .withNewResources()
        .addToRequests("cpu", new Quantity("100m"))
        .endResources()
        .endContainer()
        .endSpec()
        .build();
  }
}
