// SPDX-License-Identifier: Apache-2.0
package dev.havn.scheduler.state;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Node;
import io.fabric8.kubernetes.api.model.NodeBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Taint;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.jspecify.annotations.Nullable;

class ClusterStateTest {
  private static final int NODES = 4;
  private static final int PODS = 6;
  private static final int VARIANTS = 3;
  private static final String ZONE = "zone";
  private static final NodeRule FIRST_ZONES =
      node -> !node.labels().getOrDefault(ZONE, "").equals("z2");
  private static final NodeRule UNTAINTED = node -> node.taints().isEmpty();

  /// Each number is a step: which pod, which node, which variant of labels, and whether something
  /// comes, goes, or goes only to see what would be.
  @Property(tries = 300)
  void whatIsKeptEqualsWhatIsCountedAnew(
      @ForAll @Size(max = 60)
          List<@IntRange(max = 6 * NODES * PODS * VARIANTS - 1) Integer> steps) {
    ClusterState kept = new ClusterState();
    Map<String, Node> nodes = new LinkedHashMap<>();
    Map<String, PodFacts> pods = new LinkedHashMap<>();
    compare(kept, nodes, pods);
    for (int step : steps) {
      String pod = "p" + step % PODS;
      String node = "n" + step / PODS % NODES;
      int variant = step / PODS / NODES % VARIANTS;
      switch (step / PODS / NODES / VARIANTS) {
        case 0, 1 -> {
          PodFacts facts = pod(pod, node, variant);
          kept.put(facts, node);
          pods.put(pod, facts);
        }
        case 2 -> assertThat(kept.remove(pod)).isEqualTo(pods.remove(pod) != null);
        case 3 -> {
          if (nodes.remove(node) != null) {
            kept.removeNode(node);
          }
        }
        case 4 -> trial(kept, pods.get(pod));
        default -> {
          nodes.put(node, node(node, variant));
          kept.put(nodes.get(node));
        }
      }
      compare(kept, nodes, pods);
    }
  }

  /// A pod leaves and comes back, as when it is asked who has to go.
  private static void trial(ClusterState kept, @Nullable PodFacts pod) {
    @Nullable NodeState node = pod == null ? null : kept.node(Objects.requireNonNull(pod.node()));
    if (pod != null && node != null) {
      kept.leave(pod, node);
      kept.enter(pod, node);
    }
  }

  private static void compare(
      ClusterState kept, Map<String, Node> nodes, Map<String, PodFacts> pods) {
    ClusterState anew = new ClusterState();
    nodes.values().forEach(anew::put);
    pods.values().forEach(pod -> anew.put(pod, Objects.requireNonNull(pod.node())));
    assertThat(kept.nodes()).extracting(NodeState::name).hasSameElementsAs(nodes.keySet());
    for (String name : nodes.keySet()) {
      assertThat(seen(kept, name)).as(name).isEqualTo(seen(anew, name));
    }
    assertThat(kept.topology(ZONE).size()).isEqualTo(anew.topology(ZONE).size());
    assertThat(kept.usersOf("default/c")).isEqualTo(anew.usersOf("default/c"));
  }

  /// All that can be asked about a node.
  private static List<Object> seen(ClusterState cluster, String name) {
    NodeState node = Objects.requireNonNull(cluster.node(name));
    PodFacts asking = pod("asking", name, 0);
    List<Object> seen = new ArrayList<>();
    seen.add(node.podCount());
    seen.add(node.requested().milliCpu());
    seen.add(node.scored().milliCpu());
    seen.add(node.isFree(new HostPort("TCP", 80, "0.0.0.0")));
    for (Topology topology :
        List.of(
            cluster.topology(ZONE),
            cluster.topology("none"),
            cluster.eachNode(),
            cluster.topology(ZONE, FIRST_ZONES),
            cluster.topology("", UNTAINTED))) {
      seen.add(topology.size());
      for (boolean staying : List.of(true, false)) {
        PodKind kind = new PodKind(List.of(like("0")), staying);
        seen.add(cluster.count(kind, topology).at(node));
        seen.add(cluster.count(kind, topology).total());
        seen.add(cluster.count(kind, topology).least());
      }
    }
    for (Terms terms : List.of(cluster.antiAffinity(), cluster.affinity(), cluster.preferences())) {
      seen.add(terms.meaning(asking, _ -> Map.of()).stream().mapToLong(t -> t.at(node)).sum());
    }
    return seen;
  }

  private static PodSelector like(String app) {
    return PodSelector.in("default", Selector.of(Map.of("app", app)));
  }

  private static Node node(String name, int variant) {
    return new NodeBuilder()
        .withNewMetadata()
        .withName(name)
        .withLabels(variant == 0 ? Map.of() : Map.of(ZONE, "z" + variant))
        .endMetadata()
        .withNewSpec()
        .withTaints(variant == 2 ? List.of(new Taint("NoSchedule", "k", null, "v")) : List.of())
        .endSpec()
        .build();
  }

  private static PodFacts pod(String name, String node, int variant) {
    Pod pod =
        new PodBuilder()
            .withNewMetadata()
            .withName(name)
            .withUid(name)
            .withNamespace("default")
            .addToLabels("app", String.valueOf(variant))
            .withDeletionTimestamp(variant == 2 ? "2026-01-01T00:00:00Z" : null)
            .endMetadata()
            .withNewSpec()
            .withNodeName(node)
            .addNewVolume()
            .withNewPersistentVolumeClaim("c", false)
            .endVolume()
            .addNewContainer()
            .addNewPort()
            .withHostPort(variant == 1 ? 80 : null)
            .endPort()
            .withNewResources()
            .addToRequests("cpu", new Quantity("100m"))
            .endResources()
            .endContainer()
            .withNewAffinity()
            .withNewPodAntiAffinity()
            .addNewRequiredDuringSchedulingIgnoredDuringExecution()
            .withTopologyKey(ZONE)
            .withNewLabelSelector()
            .addToMatchLabels("app", String.valueOf(variant))
            .endLabelSelector()
            .endRequiredDuringSchedulingIgnoredDuringExecution()
            .endPodAntiAffinity()
            .withNewPodAffinity()
            .addNewPreferredDuringSchedulingIgnoredDuringExecution()
            .withWeight(5 + variant)
            .withNewPodAffinityTerm()
            .withTopologyKey(ZONE)
            .withNewLabelSelector()
            .endLabelSelector()
            .endPodAffinityTerm()
            .endPreferredDuringSchedulingIgnoredDuringExecution()
            .endPodAffinity()
            .endAffinity()
            .endSpec()
            .build();
    return PodFacts.of(pod);
  }
}
